import { describe, expect, it } from "vitest";
import type { PlanDetail, SpecDelta, SpecSummary, TicketSummary } from "~/api/generated/api";
import { lookOf } from "./look";
import { expected, planned } from "./reopened";
import { newest, versionsOf } from "./versions";

const version = (id: string, at: number, previous?: string) =>
  ({ id, previous: previous ?? null, version: at, added_at: `2026-01-0${at}T00:00:00Z`, title: id, project: "p", requirements: 1 }) as SpecSummary;
const ticket = (id: string, ...requirements: string[]) => ({ id, title: id, requirements, merged: id === "T-5" ? null : "0c1" }) as unknown as TicketSummary;

describe("the versions of a spec", () => {
  const items = [version("c", 3, "b"), version("x", 4), version("b", 2, "a"), version("a", 1), version("d", 5, "b")];

  it("are all that came of the same first text, the newest first", () => {
    expect(versionsOf(items, "b").map(({ id }) => id)).toEqual(["d", "c", "b", "a"]);
    expect(newest(items).map(({ spec, versions }) => [spec.id, versions])).toEqual([
      ["d", 4],
      ["x", 1],
    ]);
  });

  it("may go round in a circle, or back to one that is gone", () => {
    expect(versionsOf([version("a", 1, "b"), version("b", 2, "a")], "a").length).toBeGreaterThan(0);
    expect(versionsOf([version("b", 2, "gone")], "b").map(({ id }) => id)).toEqual(["b"]);
  });
});

describe("what a change reopens", () => {
  const before = [ticket("T-1", "REQ-1"), ticket("T-2", "REQ-2"), ticket("T-3", "REQ-3"), ticket("T-5", "REQ-1")];

  it("is expected from what the tickets serve", () => {
    const requirements = [
      { id: "REQ-1", change: "unchanged", fields: [] },
      { id: "REQ-9", was: "REQ-2", change: "modified", fields: ["text"] },
      { id: "REQ-3", change: "removed", fields: [] },
    ];
    const fates = expected({ requirements } as unknown as SpecDelta, before).map(({ ticket, fate }) => [ticket, fate]);
    expect(fates).toEqual([
      ["T-2", "again"],
      ["T-5", "open"],
      ["T-3", "gone"],
      ["T-1", "kept"],
    ]);
  });

  it("is the plan's word where there is one", () => {
    const detail = { plan: { tickets: [ticket("T-1"), ticket("T-2"), ticket("T-4")] }, continues: { carried: ["T-1"] } } as unknown as PlanDetail;
    expect(planned(detail, before)?.map(({ ticket, fate }) => [ticket, fate])).toEqual([
      ["T-2", "again"],
      ["T-4", "new"],
      ["T-1", "carried"],
    ]);
    expect(planned({ plan: { tickets: [] } } as unknown as PlanDetail, before)).toBeUndefined();
  });
});

it("reads from an address what is looked at, and nothing else", () => {
  expect(lookOf({ show: "changes", from: "spec_1", other: 1 })).toEqual({ show: "changes", from: "spec_1" });
  expect(lookOf({ show: "plan", from: "spec_1" })).toEqual({ show: "plan" });
  expect(lookOf({ show: "else" })).toEqual({});
});
