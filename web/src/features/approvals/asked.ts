import type { HumanResponse, InterruptKind, InterruptState, PlanEdit } from "./types";

/** What the buttons say. */
export const ACTIONS: Record<InterruptKind, { accept: string; turnDown: string }> = {
  plan_review: { accept: "Approve", turnDown: "Reject" },
  diff_review: { accept: "Approve", turnDown: "Reject" },
  clarification: { accept: "Build it as it is", turnDown: "Answer" },
};

/** What follows from each answer, said before it is given (docs/src/approvals.md). */
export function effect(kind: InterruptKind, answer: "accept" | "words" | "nothing", more: boolean): string {
  if (answer === "accept") {
    if (more) return "Counts as one yes; another person must approve it too.";
    if (kind === "plan_review") return "Agents begin with it at once.";
    return kind === "diff_review" ? "The change enters the merge train." : "The spec is built as it stands.";
  }
  if (answer === "words") {
    if (kind === "plan_review") return "The run ends with these words. A retry asks again.";
    return kind === "diff_review"
      ? "It goes back to its author with these words, and what comes of that is asked about anew."
      : "Every author is told these words, and the work goes on.";
  }
  return kind === "diff_review" ? "Without a reason the ticket stops and needs a person." : "Without words the run ends.";
}

/** The answer that turns something down: with words where there are some. */
export function turnedDown(words: string): HumanResponse {
  const said = words.trim();
  return said === "" ? { type: "ignore" } : { type: "response", args: said };
}

/** What can be changed of a plan, as it stands in a form: dollars and whole numbers as text, empty for no limit. */
export interface EditForm {
  readonly dollars: string;
  readonly tokens: string;
  readonly agents: string;
}

export function formOf(args: unknown): EditForm {
  const edit = (typeof args === "object" && args !== null ? args : {}) as PlanEdit;
  return {
    dollars: edit.budget_micro_usd == null ? "" : String(edit.budget_micro_usd / 1e6),
    tokens: edit.budget_tokens == null ? "" : String(edit.budget_tokens),
    agents: edit.max_parallel == null ? "" : String(edit.max_parallel),
  };
}

/** The most agents at once that the server takes. */
export const MOST_AGENTS = 64;

/** What was changed of a plan, or why that cannot be. Only what differs is sent. */
export function editOf(before: EditForm, after: EditForm): { edit: PlanEdit } | { wrong: Partial<Record<keyof EditForm, string>> } {
  const wrong: Partial<Record<keyof EditForm, string>> = {};
  const edit: PlanEdit = {};
  const number = (field: keyof EditForm, least: number, whole: boolean): number | undefined => {
    const text = after[field].trim();
    if (text === before[field].trim()) return undefined;
    const value = Number(text);
    if (text === "") wrong[field] = "A limit can be changed here, not taken away";
    else if (!Number.isFinite(value) || value < least || (whole && !Number.isInteger(value))) {
      wrong[field] = whole ? `A whole number, ${least} or more` : "A sum in dollars, such as 2.50";
    } else return value;
    return undefined;
  };
  const dollars = number("dollars", 0, false);
  const tokens = number("tokens", 0, true);
  const agents = number("agents", 1, true);
  if (agents !== undefined && agents > MOST_AGENTS) wrong.agents = `${MOST_AGENTS} at the most`;
  if (dollars !== undefined) edit.budget_micro_usd = Math.round(dollars * 1e6);
  if (tokens !== undefined) edit.budget_tokens = tokens;
  if (agents !== undefined) edit.max_parallel = agents;
  return Object.keys(wrong).length > 0 ? { wrong } : { edit };
}

/** How a question ended, in a word. */
export const ENDED: Record<InterruptState, string> = {
  waiting: "Waits",
  accepted: "Approved",
  answered: "Sent back",
  ignored: "Turned down",
  expired: "Expired",
  withdrawn: "Withdrawn",
};

/** The one behind or before an id in a list; the first where the id is not in it. */
export function neighbour<T extends { id: string }>(items: readonly T[], id: string | undefined, step: 1 | -1): T | undefined {
  const at = items.findIndex((item) => item.id === id);
  if (at < 0) return items[0];
  return items[Math.min(Math.max(at + step, 0), items.length - 1)];
}
