import type { Risk, Run, TicketState, TicketSummary } from "~/api/generated/api";
import type { Plan } from "~/parts/PlanTickets";
import type { Filter } from "./filter";

/** The rules of the board: which cards there are, which are shown, and where each stands. Pure. */

export type State = TicketState["state"];

/** The columns, in the order of the work; what is over stands last. */
export const COLUMNS = ["waiting", "working", "verifying", "merging", "needs_person", "merged", "cancelled"] as const satisfies readonly State[];
export const RISKS = ["high", "medium", "low"] as const satisfies readonly Risk[];
export const LANES = ["project", "run", "requirement", "risk"] as const;
export type Lanes = (typeof LANES)[number];

export interface Card {
  /** Unlike every other's: tickets of two runs of one plan have one id. */
  readonly key: string;
  readonly run: Run;
  /** What the run is called. */
  readonly name: string;
  readonly ticket: TicketSummary;
  /** Known once the plan is. */
  readonly risk: Risk | undefined;
  /** The tickets that cannot begin before it is merged. */
  readonly holds: readonly string[];
  /** What a search looks at. */
  readonly words: string;
}

export function cardsOf(run: Run, name: string, tickets: readonly TicketSummary[], plan: Plan | null | undefined): Card[] {
  const risks = new Map<string, Risk>();
  const holds = new Map<string, string[]>();
  for (const { id, risk, depends_on } of plan?.tickets ?? []) {
    risks.set(id, risk);
    for (const { on } of depends_on) holds.set(on, [...(holds.get(on) ?? []), id]);
  }
  return tickets.map((ticket) => ({
    key: `${run.id}/${ticket.id}`,
    run,
    name,
    ticket,
    risk: risks.get(ticket.id),
    holds: holds.get(ticket.id) ?? [],
    words: [ticket.id, ticket.title, ...ticket.requirements, ticket.agent ?? "", ticket.step ?? "", name, run.project].join("\n").toLowerCase(),
  }));
}

/** The cards that a filter lets through. Each word of its text must stand somewhere. */
export function shown(cards: readonly Card[], { text, state, risk }: Filter): Card[] {
  const words = (text ?? "").toLowerCase().split(/\s+/).filter((word) => word !== "");
  return cards.filter(
    (card) =>
      (state === undefined || card.ticket.state.state === state) &&
      (risk === undefined || card.risk === risk) &&
      words.every((word) => card.words.includes(word)),
  );
}

/** A line across the board: the head of a lane, or so many cards side by side. */
export type Line = { readonly kind: "lane"; readonly name: string; readonly count: number } | { readonly kind: "cards"; readonly key: string };

export interface Arranged {
  readonly lines: readonly Line[];
  /** Of each column, the card on each line; a line of the board holds at most one. */
  readonly columns: Readonly<Record<State, readonly (Card | undefined)[]>>;
  readonly counts: Readonly<Record<State, number>>;
}

/** The board as lines, so that only those in sight need be drawn, however many lanes and cards there are. */
export function arranged(cards: readonly Card[], lanes: Lanes | undefined): Arranged {
  const columns = record<(Card | undefined)[]>(() => []);
  const counts = record(() => 0);
  const lines: Line[] = [];
  for (const [name, of] of groups(cards, lanes)) {
    if (lanes) {
      lines.push({ kind: "lane", name, count: of.length });
      for (const state of COLUMNS) columns[state].push(undefined);
    }
    const stacks = record<Card[]>(() => []);
    for (const card of of) stacks[card.ticket.state.state].push(card);
    const height = Math.max(...COLUMNS.map((state) => stacks[state].length));
    for (let at = 0; at < height; at += 1) lines.push({ kind: "cards", key: `${name} ${at}` });
    for (const state of COLUMNS) {
      counts[state] += stacks[state].length;
      for (let at = 0; at < height; at += 1) columns[state].push(stacks[state][at]);
    }
  }
  return { lines, columns, counts };
}

function groups(cards: readonly Card[], lanes: Lanes | undefined): Map<string, Card[]> {
  const found = new Map<string, Card[]>(lanes === "risk" ? RISKS.map((risk) => [`${risk} risk`, []]) : []);
  for (const card of cards) {
    const name = lanes ? laneOf(card, lanes) : "";
    const of = found.get(name);
    if (of) of.push(card);
    else found.set(name, [card]);
  }
  for (const [name, of] of found) if (of.length === 0) found.delete(name);
  return found;
}

function laneOf({ run, name, ticket, risk }: Card, lanes: Lanes): string {
  if (lanes === "project") return run.project;
  if (lanes === "run") return `${name}, ${run.id.slice(-6)}`;
  if (lanes === "requirement") return ticket.requirements.join(", ") || "no requirement";
  return risk ? `${risk} risk` : "risk not known";
}

function record<T>(make: () => T): Record<State, T> {
  return Object.fromEntries(COLUMNS.map((state) => [state, make()])) as Record<State, T>;
}

/** The card that a key leads to from another one: up and down its column, or to the nearest of a column beside it that has any. */
export function neighbour({ columns }: Arranged, from: { state: State; line: number } | undefined, key: "up" | "down" | "left" | "right"): { state: State; line: number } | undefined {
  const occupied = (state: State) => columns[state].flatMap((card, line) => (card ? [line] : []));
  if (!from) {
    const state = COLUMNS.find((known) => occupied(known).length > 0);
    return state ? { state, line: occupied(state)[0] ?? 0 } : undefined;
  }
  if (key === "up" || key === "down") {
    const all = occupied(from.state);
    const line = key === "down" ? all.find((line) => line > from.line) : all.findLast((line) => line < from.line);
    return line === undefined ? undefined : { state: from.state, line };
  }
  const at = COLUMNS.indexOf(from.state);
  const beside = key === "left" ? COLUMNS.slice(0, at).reverse() : COLUMNS.slice(at + 1);
  const state = beside.find((known) => occupied(known).length > 0);
  if (!state) return undefined;
  const nearest = occupied(state).reduce((best, line) => (Math.abs(line - from.line) < Math.abs(best - from.line) ? line : best));
  return { state, line: nearest };
}
