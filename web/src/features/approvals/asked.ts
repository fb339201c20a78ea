import type { PlanEdit } from "./types";

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

/** The one behind or before an id in a list; the first where the id is not in it. */
export function neighbour<T extends { id: string }>(items: readonly T[], id: string | undefined, step: 1 | -1): T | undefined {
  const at = items.findIndex((item) => item.id === id);
  if (at < 0) return items[0];
  return items[Math.min(Math.max(at + step, 0), items.length - 1)];
}
