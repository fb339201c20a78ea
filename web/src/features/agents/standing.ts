/**
 * How an agent gets on, from what is known of its ticket. The same rules as `swarm top`: silent for eight times as long as it
 * takes between two steps, and for half a minute at the least, is stalled.
 */

const STALLED_AFTER = 8;
/** A model may think, in milliseconds. */
const LEAST_SILENCE = 30_000;

export type Standing = "looping" | "stalled" | "needs_person" | "working" | "verifying" | "merging";

/** The worst first. */
const ORDER: readonly Standing[] = ["looping", "stalled", "needs_person", "working", "verifying", "merging"];

export interface Known {
  /** Where the ticket stands. */
  readonly state: "working" | "verifying" | "merging" | "needs_person";
  /** Whether a question about it waits for an answer. */
  readonly asked: boolean;
  /** When its steps ended, the oldest first, and whether each led nowhere. */
  readonly steps: readonly { readonly at: string; readonly stuck: boolean }[];
  /** When it was last heard of. */
  readonly heard: string;
}

export function standingOf({ state, asked, steps, heard }: Known, now: number): Standing {
  if (state === "needs_person" || asked) return "needs_person";
  if (state === "working" && steps.at(-1)?.stuck) return "looping";
  return now - Date.parse(heard) > patience(steps.map(({ at }) => Date.parse(at))) ? "stalled" : state;
}

/** How long an agent may be silent, in milliseconds: a multiple of the median of the gaps that were seen. */
export function patience(at: readonly number[]): number {
  const gaps = at.slice(1).map((moment, index) => Math.max(0, moment - (at[index] ?? moment)));
  const typical = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  return Math.max(typical * STALLED_AFTER, LEAST_SILENCE);
}

/** In which order they need somebody's eye. */
export function rank(standing: Standing): number {
  return ORDER.indexOf(standing);
}
