import type { Run, Spend } from "~/api/generated/api";

/** What was spent, put together. Pure: the time now is passed in. */

const DAY = 86_400_000;

export interface Sum {
  readonly usd: number;
  readonly tokens: number;
  readonly calls: number;
}

export const NOTHING: Sum = { usd: 0, tokens: 0, calls: 0 };

export function plus(sum: Sum, spend: Spend): Sum {
  return { usd: sum.usd + spend.usd, tokens: sum.tokens + spend.tokens_in + spend.tokens_out, calls: sum.calls + spend.calls };
}

export interface Day {
  /** Its midnight in UTC, in seconds since the epoch. */
  readonly at: number;
  readonly sum: Sum;
}

/** So many days up to today, each with what the runs cost that began on it, in UTC as quotas have it. */
export function daysOf(runs: readonly Run[], days: number, now: number): Day[] {
  const today = Math.floor(now / DAY);
  const sums = new Map<number, Sum>();
  for (const run of runs) {
    const day = Math.floor(Date.parse(run.started_at) / DAY);
    sums.set(day, plus(sums.get(day) ?? NOTHING, run.spend));
  }
  return Array.from({ length: days }, (_, index) => {
    const day = today - days + 1 + index;
    return { at: (day * DAY) / 1_000, sum: sums.get(day) ?? NOTHING };
  });
}

/** The runs that began in the last so many days. */
export function since(runs: readonly Run[], days: number, now: number): Run[] {
  const first = (Math.floor(now / DAY) - days + 1) * DAY;
  return runs.filter(({ started_at }) => Date.parse(started_at) >= first);
}

export interface Group extends Sum {
  readonly name: string;
  readonly count: number;
}

/** What belongs together under a name, the dearest first. */
export function grouped<T extends { readonly spend: Spend }>(items: readonly T[], name: (item: T) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const known = groups.get(name(item)) ?? { ...NOTHING, name: name(item), count: 0 };
    groups.set(known.name, { ...known, ...plus(known, item.spend), count: known.count + 1 });
  }
  return [...groups.values()].sort((a, b) => b.usd - a.usd || b.tokens - a.tokens);
}
