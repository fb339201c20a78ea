import type { InterruptSummary } from "~/api/generated/api";

/** What a question is called in a list. */
export function title(item: Pick<InterruptSummary, "kind" | "ticket">): string {
  switch (item.kind) {
    case "plan_review":
      return "Carry out a plan";
    case "diff_review":
      return item.ticket ? `Merge the change of ${item.ticket}` : "Merge a change";
    case "clarification":
      return "Say what the spec means";
  }
}
