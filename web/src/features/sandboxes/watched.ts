import type { Vm } from "~/api/generated/api";

/** What a sandbox used at a moment. */
export interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Thousandths of a processor, since the look before. */
  readonly cpu: number | null;
  readonly memory: number | null;
  /** Bytes a second, since the look before. */
  readonly network: number | null;
  readonly cpuMs: number | null;
  readonly bytes: number | null;
}

/** Ten minutes of looks. */
const KEPT = 300;
/** Two looks that are nearer than this, in seconds, are one. */
const APART = 0.5;

/** The samples with one more. The server keeps none: they begin when somebody first looks. */
export function grown(known: readonly Sample[], { used }: Pick<Vm, "used">, now: number): readonly Sample[] {
  const at = now / 1_000;
  const before = known.at(-1);
  if (before && at - before.at < APART) return known;
  const rate = (value: number | null | undefined, old: number | null | undefined) =>
    value == null || old == null || !before ? null : Math.max(0, value - old) / (at - before.at);
  const sample: Sample = {
    at,
    cpu: rate(used.cpu_ms, before?.cpuMs),
    memory: used.memory_bytes ?? null,
    network: rate(used.network_bytes, before?.bytes),
    cpuMs: used.cpu_ms ?? null,
    bytes: used.network_bytes ?? null,
  };
  return [...known.slice(1 - KEPT), sample];
}

const watched = new Map<string, readonly Sample[]>();

/** Takes in what a list of sandboxes says; those that are gone are forgotten. */
export function watch(items: readonly Vm[], now: number): void {
  const there = new Set(items.map(({ id }) => id));
  for (const id of watched.keys()) if (!there.has(id)) watched.delete(id);
  for (const one of items) watched.set(one.id, grown(watched.get(one.id) ?? [], one, now));
}

export function samples(id: string): readonly Sample[] {
  return watched.get(id) ?? [];
}
