import { expect, it } from "vitest";
import type { QuotaRow } from "~/api/generated/api";
import type { Day } from "./days";
import { forecast, reached } from "./forecast";

const NOON = Date.parse("2026-11-26T12:00:00Z");
/** The days up to today, of which the last is today. */
const daysTo = (now: number, ...usd: number[]): Day[] =>
  usd.map((value, at) => ({ at: Date.parse(new Date(now).toISOString().slice(0, 10)) / 1_000 - (usd.length - 1 - at) * 86_400, sum: { usd: value, tokens: value * 10, calls: 1 } }));
const quota = (budget: QuotaRow["quota"]["budget"], spent: number, per: "day" | "month" | "ever" = "month", renews: string | null = "2026-12-01") =>
  ({ scope: { kind: "tenant" }, quota: { per, budget }, spent: { usd: spent, tokens_in: spent, tokens_out: 0, calls: 1 }, renews, runs: 0 }) as unknown as QuotaRow;

it("adds the mean of the days before for what is left of the month", () => {
  const found = forecast(daysTo(NOON, 0, 0, 2, 4, 6, 1), "usd", NOON);
  // Four and a half days are left; today's 1 is spent and not taken for a whole day.
  expect(found).toEqual({ days: 3, so_far: 13, low: 13 + 3 * 4.5, likely: 13 + 4 * 4.5, high: 13 + 5 * 4.5, daily: [3, 4, 5], until: "2026-11-30" });
  expect(forecast(daysTo(NOON, 2, 4, 6, 1), "tokens", NOON)?.likely).toBe(130 + 40 * 4.5);
});

it("says nothing of fewer than three whole days, nor where nothing was used", () => {
  expect(forecast(daysTo(NOON, 0, 0, 2, 4, 100), "usd", NOON)).toBeUndefined();
  expect(forecast(daysTo(NOON, 0, 0, 0, 0, 0), "usd", NOON)).toBeUndefined();
  expect(forecast([], "usd", NOON)).toBeUndefined();
});

it("counts a day without use among those after the first, and forgets what is long ago", () => {
  expect(forecast(daysTo(NOON, 4, 0, 2, 0), "usd", NOON)?.daily).toEqual([1, 2, 3]);
  const long = forecast(daysTo(NOON, ...Array.from({ length: 20 }, (_, at) => (at < 5 ? 1_000 : 1)), 0), "usd", NOON);
  expect([long?.days, long?.daily[1]]).toEqual([14, 1]);
});

it("counts only this month as used so far, also over the end of a year", () => {
  const first = Date.parse("2026-12-31T00:00:00Z");
  const found = forecast(daysTo(first, 1, 1, 1, 0), "usd", first);
  expect([found?.so_far, found?.likely, found?.until]).toEqual([3, 4, "2026-12-31"]);
  const anew = Date.parse("2027-01-01T00:00:00Z");
  expect(forecast(daysTo(anew, 1, 1, 1, 0), "usd", anew)?.so_far).toBe(0);
});

it("says when a quota is reached, and nothing where it begins anew before", () => {
  const known = forecast(daysTo(NOON, 2, 4, 6, 0), "usd", NOON);
  if (!known) throw new Error("no forecast");
  expect(reached(quota({ usd: 20 }, 12), "usd", known, NOON)).toEqual({ earliest: "2026-11-28", latest: "2026-11-29" });
  expect(reached(quota({ usd: 28 }, 12), "usd", known, NOON)).toEqual({ earliest: "2026-11-29", latest: undefined });
  expect(reached(quota({ usd: 100 }, 12), "usd", known, NOON)).toBeUndefined();
  expect(reached(quota({ usd: 100 }, 12, "ever", null), "usd", known, NOON)?.earliest).toBe("2026-12-14");
  expect(reached(quota({ usd: 10 }, 12), "usd", known, NOON)).toEqual({ earliest: "2026-11-26", latest: "2026-11-26" });
  expect(reached(quota({ tokens: 10 }, 2), "usd", known, NOON)).toBeUndefined();
  expect(reached(quota({ usd: 1 }, 0, "day"), "usd", known, NOON)).toBeUndefined();
});
