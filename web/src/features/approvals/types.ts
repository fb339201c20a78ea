import type { InterruptSummary as Summary } from "~/api/generated/api";

export type { HumanResponse, InterruptDetail, InterruptKind, InterruptState, Risk } from "~/api/generated/api";
export type InterruptSummary = Summary;

/** What a person may change of a plan: the `args` of `build_plan`, which the document leaves open. */
export interface PlanEdit {
  budget_micro_usd?: number | null;
  budget_tokens?: number | null;
  max_parallel?: number | null;
}
