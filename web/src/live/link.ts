/**
 * The rules of a live connection, without any I/O: when to try again, by what, from where, and what may be said of what
 * is on the screen.
 */

/** A heartbeat comes this often, in milliseconds (docs/src/live.md). */
export const HEARTBEAT = 15_000;
/** Without any word for this long the connection is taken for dead: two heartbeats and a half. */
export const SILENCE = HEARTBEAT * 2.5;
/** A cut that is mended sooner than this is no news for anybody. */
export const GRACE = 10_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** After so many WebSockets that never stood, events are followed over plain HTTP. */
const WEBSOCKET_TRIES = 3;

export type Transport = "websocket" | "sse";

/** What is known about the connection. Times are in milliseconds since the epoch. */
export interface Link {
  readonly phase: "connecting" | "open" | "closed" | "signed_out" | "outdated";
  readonly transport: Transport;
  /** The position of the last event that was seen: where to go on. */
  readonly cursor: number | undefined;
  /** When anything was heard, a heartbeat among it. */
  readonly heardAt: number | undefined;
  /** When the last event was heard. */
  readonly eventAt: number | undefined;
  /** Since when there is no connection. */
  readonly cutAt: number | undefined;
  /** Tries that did not stand, since one did. */
  readonly failures: number;
  /** Whether the server itself hears of new events. */
  readonly sourceAway: boolean;
}

export const initial: Link = {
  phase: "connecting",
  transport: "websocket",
  cursor: undefined,
  heardAt: undefined,
  eventAt: undefined,
  cutAt: undefined,
  failures: 0,
  sourceAway: false,
};

export type Happening =
  | { kind: "trying" }
  | { kind: "open"; at: number; position: number | undefined }
  | { kind: "event"; at: number; position: number }
  | { kind: "heartbeat"; at: number; position: number; away: boolean }
  | { kind: "gap"; at: number; until: number }
  | { kind: "heard"; at: number }
  | { kind: "closed"; at: number; code: number; cursor?: number | undefined; stood: boolean }
  /** The log does not reach the cursor any more, or not yet: everything is read anew. */
  | { kind: "lost"; at: number }
  | { kind: "signed_out"; at: number };

/** What a close code asks for (docs/src/live.md#close-codes). */
const SIGNED_OUT = 4401;
const OUTDATED = 4406;

export function next(link: Link, happened: Happening): Link {
  switch (happened.kind) {
    case "trying":
      return { ...link, phase: "connecting" };
    case "open":
      return {
        ...link,
        phase: "open",
        cursor: furthest(link.cursor, happened.position),
        heardAt: happened.at,
        cutAt: undefined,
        failures: 0,
        sourceAway: false,
      };
    case "event":
      return {
        ...link,
        cursor: furthest(link.cursor, happened.position),
        heardAt: happened.at,
        eventAt: happened.at,
      };
    case "heartbeat":
      return {
        ...link,
        cursor: furthest(link.cursor, happened.position),
        heardAt: happened.at,
        sourceAway: happened.away,
      };
    case "gap":
      return { ...link, cursor: furthest(link.cursor, happened.until), heardAt: happened.at };
    case "heard":
      return { ...link, heardAt: happened.at };
    case "closed": {
      const failures = happened.stood ? 0 : link.failures + 1;
      return {
        ...link,
        phase: happened.code === SIGNED_OUT ? "signed_out" : happened.code === OUTDATED ? "outdated" : "closed",
        cursor: happened.cursor ?? link.cursor,
        cutAt: link.cutAt ?? happened.at,
        failures,
        transport: failures >= WEBSOCKET_TRIES ? "sse" : link.transport,
      };
    }
    case "lost":
      return { ...link, phase: "closed", cursor: undefined, cutAt: link.cutAt ?? happened.at };
    case "signed_out":
      return { ...link, phase: "signed_out", cutAt: link.cutAt ?? happened.at };
  }
}

function furthest(known: number | undefined, heard: number | undefined): number | undefined {
  if (known === undefined || heard === undefined) return heard ?? known;
  return Math.max(known, heard);
}

/** Whether an event was seen before: at least once is not exactly once. */
export function isSeen(link: Link, position: number): boolean {
  return link.cursor !== undefined && position <= link.cursor;
}

/** How long to wait before the next try, in milliseconds. `chance` is in 0..1, so that a crowd does not come back at once. */
export function wait(failures: number, chance: number): number {
  const full = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT);
  return full / 2 + (full / 2) * chance;
}

/** Whether nothing was heard for so long that the connection is dead, whatever it says. */
export function isSilent(link: Link, now: number): boolean {
  return link.phase === "open" && link.heardAt !== undefined && now - link.heardAt > SILENCE;
}

/** What may be said of what is on the screen. */
export type Standing = "live" | "reconnecting" | "stale" | "signed_out" | "outdated";

export function standing(link: Link, now: number): Standing {
  if (link.phase === "signed_out" || link.phase === "outdated") return link.phase;
  if (link.phase === "open") return link.sourceAway || isSilent(link, now) ? "stale" : "live";
  // Before the first connection there is nothing that could be old.
  if (link.cutAt === undefined) return "reconnecting";
  return now - link.cutAt > GRACE ? "stale" : "reconnecting";
}
