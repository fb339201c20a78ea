import { expect, it } from "vitest";
import type { Run } from "~/api/generated/api";
import { daysOf, grouped, since } from "./days";

const run = (project: string, started_at: string, usd: number) =>
  ({ project, started_at, spend: { usd, tokens_in: 10, tokens_out: 5, calls: 1 } }) as Run;
const now = Date.parse("2026-11-22T09:00:00Z");
const runs = [run("shop", "2026-11-22T00:00:00Z", 5), run("shop", "2026-11-21T23:59:59Z", 7), run("wiki", "2026-11-21T01:00:00Z", 20), run("wiki", "2026-10-01T01:00:00Z", 99)];

it("puts each run on the day that it began, in UTC, and leaves no day out", () => {
  const days = daysOf(runs, 3, now);
  expect(days.map(({ sum }) => sum.usd)).toEqual([0, 27, 5]);
  expect(days.map(({ at }) => new Date(at * 1_000).toISOString().slice(0, 10))).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
});

it("puts together what belongs together, the dearest first", () => {
  const lately = since(runs, 7, now);
  expect(grouped(lately, ({ project }) => project)).toEqual([
    { name: "wiki", usd: 20, tokens: 15, calls: 1, count: 1 },
    { name: "shop", usd: 12, tokens: 30, calls: 2, count: 2 },
  ]);
});
