import { expect, it } from "vitest";
import type { InterruptSummary, RequirementTrace } from "~/api/generated/api";
import { approvalOf, proofs } from "./evidence";

it("takes of each command the last run on the head, and no other", () => {
  const check = (command: string, commit: string, passed: boolean) => ({ command, commit, passed });
  const traced = {
    requirement: { acceptance: [{ command: "a" }, { command: "b" }] },
    checks: [check("a", "old", true), check("a", "head", false), check("a", "head", true), check("b", "old", true)],
  } as unknown as RequirementTrace;
  expect(proofs(traced, "head").map(({ check }) => check?.passed)).toEqual([true, undefined]);
  expect(proofs(traced, null).every(({ check }) => check === undefined)).toBe(true);
});

it("finds the last question about a change", () => {
  const asked = (id: string, raised_at: string, more = {}) => ({ id, kind: "diff_review", run: "run_1", ticket: "T-1", raised_at, ...more }) as InterruptSummary;
  const all = [asked("new", "2026-02"), asked("old", "2026-01"), asked("other", "2026-03", { run: "run_2" }), asked("plan", "2026-03", { kind: "plan_review" })];
  expect(approvalOf(all, "run_1", "T-1")?.id).toBe("new");
  expect(approvalOf(all, "run_1", "T-2")).toBeUndefined();
});
