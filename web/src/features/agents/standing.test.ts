import { expect, it } from "vitest";
import { patience, rank, standingOf } from "./standing";

const begun = Date.parse("2026-11-22T10:00:00Z");
const at = (seconds: number) => new Date(begun + seconds * 1_000).toISOString();
const known = { state: "working", asked: false, steps: [], heard: at(0) } as const;

it("takes an agent for stalled after a silence that is long for it", () => {
  expect(standingOf(known, begun + 29_000)).toBe("working");
  expect(standingOf(known, begun + 31_000)).toBe("stalled");
  const slow = { ...known, heard: at(40), steps: [0, 20, 40].map((seconds) => ({ at: at(seconds), stuck: false })) };
  expect(patience(slow.steps.map((step) => Date.parse(step.at)))).toBe(160_000);
  expect(standingOf(slow, begun + 100_000)).toBe("working");
  expect(standingOf(slow, begun + 300_000)).toBe("stalled");
});

it("says that it goes round in circles, or waits for a person, whatever the time", () => {
  expect(standingOf({ ...known, steps: [{ at: at(0), stuck: true }] }, begun)).toBe("looping");
  expect(standingOf({ ...known, state: "verifying", asked: true }, begun + 900_000)).toBe("needs_person");
  expect(rank("looping")).toBeLessThan(rank("needs_person"));
  expect(rank("stalled")).toBeLessThan(rank("working"));
});
