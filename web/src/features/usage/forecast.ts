import type { QuotaRow } from "~/api/generated/api";
import type { Day } from "./days";

/** What the days so far let expect. Pure: the time now is passed in. */

const DAY = 86_400_000;
/** From fewer whole days nothing is said. */
const LEAST_DAYS = 3;
/** Days longer ago than this say little of today. */
export const LOOKED_AT = 14;

export interface Forecast {
  /** The whole days that it goes by. */
  readonly days: number;
  /** What was used in the month so far. */
  readonly so_far: number;
  /** What will have been used when the month ends: as the quiet days go, as all of them do, and as the busy days go. */
  readonly low: number;
  readonly likely: number;
  readonly high: number;
  /** How much a day: the same three. */
  readonly daily: readonly [low: number, likely: number, high: number];
  /** Its last day, in UTC. */
  readonly until: string;
}

/**
 * What a month will have used when it ends: what it used so far, and for each day that is left the mean of the whole days
 * before today. The range takes the mean of their quieter half and of their busier half. Days before the first that used
 * anything do not count, nor does today, which is not over. Of fewer than three days nothing is said.
 */
export function forecast(days: readonly Day[], what: "usd" | "tokens", now: number): Forecast | undefined {
  const today = Math.floor(now / DAY);
  const before = days.filter(({ at }) => Math.floor((at * 1_000) / DAY) < today);
  const first = before.findIndex(({ sum }) => sum[what] > 0);
  const used = first < 0 ? [] : before.slice(first).slice(-LOOKED_AT).map(({ sum }) => sum[what]);
  if (used.length < LEAST_DAYS) return undefined;
  const sorted = used.toSorted((a, b) => a - b);
  const half = Math.ceil(sorted.length / 2);
  const daily = [mean(sorted.slice(0, half)), mean(sorted), mean(sorted.slice(-half))] as const;
  const date = new Date(now);
  const [begins, ends] = [0, 1].map((month) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + month, 1)) as [number, number];
  const so_far = days.filter(({ at }) => at * 1_000 >= begins && at * 1_000 < ends).reduce((sum, day) => sum + day.sum[what], 0);
  // What is left of today is a part of a day.
  const left = (ends - now) / DAY;
  const [low, likely, high] = daily.map((rate) => so_far + rate * left) as [number, number, number];
  return { days: used.length, so_far, low, likely, high, daily, until: new Date(ends - DAY).toISOString().slice(0, 10) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** When a quota of everything is used up, at the earliest and at the latest: days in UTC, or nothing where it begins anew before. */
export interface Reached {
  readonly earliest: string;
  readonly latest: string | undefined;
}

/** Whether a quota's limit will be reached before it begins anew, and when. Nothing where it will not; today where it is reached. */
export function reached(row: QuotaRow, what: "usd" | "tokens", known: Forecast, now: number): Reached | undefined {
  const limit = row.quota.budget[what];
  if (limit == null || row.quota.per === "day") return undefined;
  const left = limit - (what === "usd" ? row.spent.usd : row.spent.tokens_in + row.spent.tokens_out);
  const anew = row.renews ? Date.parse(row.renews) : Number.POSITIVE_INFINITY;
  const at = (rate: number) => {
    const moment = left <= 0 ? now : now + (left / rate) * DAY;
    return moment < anew && moment < now + FAR ? new Date(moment).toISOString().slice(0, 10) : undefined;
  };
  const [low, , high] = known.daily;
  const earliest = at(high);
  return earliest === undefined ? undefined : { earliest, latest: at(low) };
}

/** Beyond this nothing is said of the day, in milliseconds. */
const FAR = 366 * DAY;
