import { effect, turnedDown } from "~/parts/answers";
import type { HumanResponse, InterruptDetail, InterruptSummary, Risk } from "./types";

/** Several questions answered together: which are chosen, which take the answer, and what follows. Pure. */

export type Choice = "accept" | "reject";

/** The most that are answered at once: as many as a device keeps while the server is away. */
export const MOST_AT_ONCE = 100;

const HARM: readonly Risk[] = ["low", "medium", "high"];

/** Which are chosen after one more was, or was let go; with a range, all between it and the one before it. */
export function chosenAfter(items: readonly { id: string }[], chosen: ReadonlySet<string>, id: string, since?: string): Set<string> {
  const after = new Set(chosen);
  const [from, to] = [items.findIndex((item) => item.id === since), items.findIndex((item) => item.id === id)];
  if (to < 0) return after;
  if (since === undefined || from < 0) {
    if (!after.delete(id)) after.add(id);
    return after;
  }
  for (const item of items.slice(Math.min(from, to), Math.max(from, to) + 1)) after.add(item.id);
  return after;
}

/** How many there are of each risk, the highest first; what there is none of is left out. */
export function byRisk<T extends { risk: Risk }>(items: readonly T[]): (readonly [Risk, readonly T[]])[] {
  return HARM.toReversed()
    .map((risk) => [risk, items.filter((item) => item.risk === risk)] as const)
    .filter(([, of]) => of.length > 0);
}

/** The highest risk among them. */
export function worst(items: readonly { risk: Risk }[]): Risk {
  return byRisk(items)[0]?.[0] ?? "low";
}

/** The answer that is sent to each. */
export function responseOf(choice: Choice, words: string): HumanResponse {
  return choice === "accept" ? { type: "accept" } : turnedDown(words);
}

export interface Weighed {
  readonly takes: readonly { readonly summary: InterruptSummary; readonly effect: string }[];
  readonly not: readonly { readonly summary: InterruptSummary; readonly why: string }[];
  /** How many tickets wait behind those that take it, each counted once. */
  readonly behind: number;
  readonly risk: Risk;
  /** How many of high risk would be answered in one go with others: with those of less, or with each other. */
  readonly high: number;
}

/** What an answer to all of them would do. */
export function weighed(details: readonly InterruptDetail[], choice: Choice, words: string): Weighed {
  const { type } = responseOf(choice, words);
  const takes: { summary: InterruptSummary; effect: string }[] = [];
  const not: { summary: InterruptSummary; why: string }[] = [];
  for (const { summary, interrupt } of details) {
    const { allow_accept, allow_ignore, allow_respond } = interrupt.request.config;
    const allowed = type === "accept" ? allow_accept : type === "response" ? allow_respond : allow_ignore;
    if (summary.state !== "waiting") not.push({ summary, why: summary.decided ?? "It was decided meanwhile" });
    else if (!allowed) not.push({ summary, why: type === "ignore" ? "It wants a reason" : type === "response" ? "It takes no words" : "It cannot be approved as it is" });
    else {
      const more = summary.answers - summary.accepted_by.length > 1;
      takes.push({ summary, effect: effect(summary.kind, type === "accept" ? "accept" : type === "response" ? "words" : "nothing", more) });
    }
  }
  const summaries = takes.map(({ summary }) => summary);
  const high = summaries.filter(({ risk }) => risk === "high").length;
  return {
    takes,
    not,
    behind: new Set(summaries.flatMap(({ run, blocked }) => blocked.map((ticket) => `${run}/${ticket}`))).size,
    risk: worst(summaries),
    high: summaries.length > 1 ? high : 0,
  };
}
