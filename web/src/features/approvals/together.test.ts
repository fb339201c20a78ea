import { expect, it } from "vitest";
import { byRisk, chosenAfter, responseOf, weighed, worst } from "./together";
import type { InterruptDetail, Risk } from "./types";

const detail = (id: string, risk: Risk, blocked: string[], more: { allow_accept?: boolean; allow_ignore?: boolean; state?: string; answers?: number; run?: string } = {}) =>
  ({
    summary: { id, risk, blocked, kind: "diff_review", run: more.run ?? "run_1", state: more.state ?? "waiting", answers: more.answers ?? 1, accepted_by: [], decided: null },
    interrupt: { request: { config: { allow_accept: more.allow_accept ?? true, allow_edit: false, allow_ignore: more.allow_ignore ?? true, allow_respond: true } } },
  }) as unknown as InterruptDetail;

const items = ["a", "b", "c", "d"].map((id) => ({ id }));

it("chooses one, lets it go again, and takes all between two", () => {
  const one = chosenAfter(items, new Set(), "b");
  expect([...one]).toEqual(["b"]);
  expect([...chosenAfter(items, one, "b")]).toEqual([]);
  expect([...chosenAfter(items, one, "d", "b")]).toEqual(["b", "c", "d"]);
  expect([...chosenAfter(items, new Set(["d"]), "a", "c")].sort()).toEqual(["a", "b", "c", "d"]);
  expect([...chosenAfter(items, one, "gone")]).toEqual(["b"]);
  expect([...chosenAfter(items, one, "c", "gone")].sort()).toEqual(["b", "c"]);
});

it("puts the highest risk first", () => {
  const mixed = [{ risk: "low" }, { risk: "high" }, { risk: "low" }] as const;
  expect(byRisk(mixed).map(([risk, of]) => [risk, of.length])).toEqual([
    ["high", 1],
    ["low", 2],
  ]);
  expect(worst(mixed)).toBe("high");
});

it("counts what waits behind them once, and says which of high risk would go along", () => {
  const { takes, not, behind, risk, high } = weighed(
    [detail("a", "low", ["T-1", "T-2"]), detail("b", "high", ["T-2"], { answers: 2 }), detail("c", "low", ["T-2"], { run: "run_2" })],
    "accept",
    "",
  );
  expect(takes.map(({ effect }) => effect)).toEqual([
    "The change enters the merge train.",
    "Counts as one yes; another person must approve it too.",
    "The change enters the merge train.",
  ]);
  expect([not.length, behind, risk, high]).toEqual([0, 3, "high", 1]);
  expect(weighed([detail("b", "high", [])], "accept", "").high).toBe(0);
});

it("leaves out what does not take the answer, and what was decided meanwhile", () => {
  const all = [detail("a", "low", [], { allow_accept: false }), detail("b", "low", [], { state: "accepted" }), detail("c", "low", [], { allow_ignore: false })];
  expect(weighed(all, "accept", "").takes.map(({ summary }) => summary.id)).toEqual(["c"]);
  expect(weighed(all, "reject", " ").not.map(({ why }) => why)).toEqual(["It was decided meanwhile", "It wants a reason"]);
  expect(weighed(all, "reject", "no").takes.map(({ summary }) => summary.id)).toEqual(["a", "c"]);
  expect(responseOf("reject", " no ")).toEqual({ type: "response", args: "no" });
});
