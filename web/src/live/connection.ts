import { createParser } from "eventsource-parser";
import { client, take } from "~/api/client";
import type { Event, Frame } from "~/api/generated/live";
import { problemOf } from "~/api/problem";
import { lastWhere } from "./head";
import { type Happening, initial, isSeen, isSilent, type Link, next, wait } from "./link";

const VERSION = "swarm.2026-11-21";
/** How often it is looked whether the connection is dead, in milliseconds. */
const LOOK = 5_000;
/** A ticket or a handshake that takes longer is given up, in milliseconds. */
const HANDSHAKE = 10_000;

interface Told {
  link: (link: Link) => void;
  event: (event: Event) => void;
  /** Events were left out, or nobody knows how many: everything is read anew. */
  anew: () => void;
  signedOut: () => void;
}

/**
 * Follows the log: over a WebSocket, or an event stream where none stands. It goes on by itself from where it was, after a
 * cut, a sleep and a restart of the server.
 */
export class Connection {
  #link: Link = initial;
  #cut: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #look: ReturnType<typeof setInterval>;
  #ended = false;
  #first = true;

  constructor(private readonly told: Told) {
    this.#look = setInterval(() => isSilent(this.#link, Date.now()) && this.#again(), LOOK);
    addEventListener("online", this.#woken);
    document.addEventListener("visibilitychange", this.#woken);
    void this.#try();
  }

  /** Ends it for good. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#look);
    clearTimeout(this.#timer);
    removeEventListener("online", this.#woken);
    document.removeEventListener("visibilitychange", this.#woken);
    this.#cut?.();
  }

  /** After a sleep timers are late and sockets dead without a word: it is looked at once. */
  readonly #woken = () => {
    if (document.visibilityState === "hidden" || this.#ended) return;
    if (this.#link.phase === "closed") {
      clearTimeout(this.#timer);
      void this.#try();
    } else if (isSilent(this.#link, Date.now())) this.#again();
  };

  #again() {
    const cut = this.#cut;
    if (cut) cut();
    else this.#closed(1006, false);
  }

  #happened(happened: Happening) {
    if (this.#ended) return;
    this.#link = next(this.#link, happened);
    this.told.link(this.#link);
  }

  async #try(): Promise<void> {
    if (this.#ended || this.#link.phase === "signed_out") return;
    this.#happened({ kind: "trying" });
    try {
      if (this.#link.transport === "websocket") await this.#socket();
      else await this.#stream();
    } catch (thrown) {
      const { status, code } = problemOf(thrown);
      if (status === 401) {
        this.#happened({ kind: "signed_out", at: Date.now() });
        this.told.signedOut();
      } else if (code === "live.cursor") {
        this.#happened({ kind: "lost", at: Date.now() });
        this.#first = false;
        this.told.anew();
        this.#later();
      } else this.#closed(1006, false);
    }
  }

  #closed(code: number, stood: boolean, cursor?: number) {
    this.#cut = undefined;
    this.#happened({ kind: "closed", at: Date.now(), code, stood, cursor });
    if (this.#link.phase === "signed_out") this.told.signedOut();
    else if (this.#link.phase === "closed") this.#later();
  }

  #later() {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), wait(this.#link.failures, Math.random()));
  }

  #opened(position: number | undefined) {
    this.#happened({ kind: "open", at: Date.now(), position });
    // What was read before anybody listened may be old by now.
    if (this.#first) this.told.anew();
    this.#first = false;
  }

  async #socket(): Promise<void> {
    const { ticket } = await take(client.POST("/api/ws/ticket", { signal: AbortSignal.timeout(HANDSHAKE) }));
    if (this.#ended) return;
    const after = this.#link.cursor === undefined ? "" : `&after=${this.#link.cursor}`;
    const url = `${location.origin.replace(/^http/, "ws")}/api/ws?ticket=${ticket}${after}`;
    const socket = new WebSocket(url, [VERSION]);
    let stood = false;
    let cursor: number | undefined;
    let over = false;
    const end = (code: number) => {
      if (over) return;
      over = true;
      clearTimeout(late);
      this.#closed(code, stood, cursor);
    };
    const cut = () => {
      socket.close();
      end(1006);
    };
    const late = setTimeout(cut, HANDSHAKE);
    this.#cut = cut;
    socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", paths: ["events"] }));
    socket.onclose = ({ code }) => end(code);
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const frame = JSON.parse(data) as Frame;
      const at = Date.now();
      if (over) return;
      switch (frame.type) {
        case "welcome":
          stood = true;
          clearTimeout(late);
          return this.#opened(frame.position);
        case "event":
          return frame.data ? this.#event(frame.data) : this.#large(frame.position);
        case "gap":
          this.#happened({ kind: "gap", at, until: frame.until });
          return this.told.anew();
        case "heartbeat":
          return this.#happened({ kind: "heartbeat", at, position: frame.position, away: frame.source === "away" });
        case "error":
          cursor = frame.cursor ?? cursor;
          return this.#happened({ kind: "heard", at });
        default:
          return this.#happened({ kind: "heard", at });
      }
    };
  }

  #event(event: Event) {
    if (isSeen(this.#link, event.seq)) return;
    this.#happened({ kind: "event", at: Date.now(), position: event.seq });
    this.told.event(event);
  }

  /** An event that is larger than a frame: what it changed is read anew. */
  #large(position: number) {
    this.#happened({ kind: "event", at: Date.now(), position });
    this.told.anew();
  }

  async #stream(): Promise<void> {
    const stop = new AbortController();
    let cut = false;
    this.#cut = () => {
      cut = true;
      stop.abort();
    };
    const query = this.#link.cursor === undefined ? await this.#head() : { after: this.#link.cursor };
    const answer = await client.GET("/api/events/stream", {
      params: { query: { ...query, path: "events" } },
      parseAs: "stream",
      signal: stop.signal,
    });
    const body = await take(Promise.resolve(answer as unknown as { data?: ReadableStream<Uint8Array>; response: Response }));
    this.#opened(query.after);
    const parser = createParser({
      onEvent: ({ data, event }) => event !== "problem" && this.#event(JSON.parse(data) as Event),
      onComment: () => this.#happened({ kind: "heard", at: Date.now() }),
    });
    const reader = body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parser.feed(value);
      }
    } catch (thrown) {
      if (!cut) console.info("swarm: the event stream was cut", thrown);
    }
    this.#closed(1006, true);
  }

  /** Where the log ends now: to follow what comes, and not what was. No route says it, so it is searched for. */
  async #head(): Promise<{ after: number }> {
    const goesOn = async (after: number) => {
      const page = await take(client.GET("/api/events", { params: { query: { after, limit: 1 } } }));
      return page.next > after;
    };
    return { after: await lastWhere(goesOn) };
  }
}
