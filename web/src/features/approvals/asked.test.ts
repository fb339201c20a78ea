import { describe, expect, it } from "vitest";
import { effect, turnedDown } from "~/parts/answers";
import { title } from "~/parts/question";
import { editOf, formOf, neighbour } from "./asked";

describe("what is changed of a plan", () => {
  const before = formOf({ max_parallel: 4, budget_micro_usd: 2_500_000 });

  it("is read from the arguments and sent back only where it differs", () => {
    expect(before).toEqual({ dollars: "2.5", tokens: "", agents: "4" });
    expect(editOf(before, { ...before, agents: "2" })).toEqual({ edit: { max_parallel: 2 } });
    expect(editOf(before, { dollars: "0.5", tokens: "9000", agents: "4" })).toEqual({
      edit: { budget_micro_usd: 500_000, budget_tokens: 9_000 },
    });
    expect(editOf(before, before)).toEqual({ edit: {} });
    expect(formOf(null)).toEqual({ dollars: "", tokens: "", agents: "" });
  });

  it("is refused where it is no number that the server takes", () => {
    for (const agents of ["0", "1.5", "65", "two", "-1", ""]) {
      expect(editOf(before, { ...before, agents })).toHaveProperty("wrong.agents");
    }
    expect(editOf(before, { ...before, dollars: "-1" })).toHaveProperty("wrong.dollars");
    expect(editOf(before, { ...before, dollars: "" })).toHaveProperty("wrong.dollars");
  });
});

it("turns down with words where there are some, and without where there are none", () => {
  expect(turnedDown("  It locks the table. ")).toEqual({ type: "response", args: "It locks the table." });
  expect(turnedDown(" \n")).toEqual({ type: "ignore" });
});

it("says what follows before it is done", () => {
  expect(effect("diff_review", "accept", false)).toContain("merge train");
  expect(effect("diff_review", "accept", true)).toContain("another person");
  expect(effect("plan_review", "nothing", false)).toContain("run ends");
});

it("moves in a list and stays within it", () => {
  const items = [{ id: "a" }, { id: "b" }];
  expect(neighbour(items, undefined, 1)?.id).toBe("a");
  expect(neighbour(items, "a", 1)?.id).toBe("b");
  expect(neighbour(items, "b", 1)?.id).toBe("b");
  expect(neighbour(items, "a", -1)?.id).toBe("a");
  expect(neighbour([], "a", 1)).toBeUndefined();
});

it("names a question by what happens", () => {
  expect(title({ kind: "diff_review", ticket: "T-1" })).toBe("Merge the change of T-1");
});
