import type { PlanDetail, SpecDelta, TicketSummary } from "~/api/generated/api";

/** What a change of the spec makes of a ticket. */
export type Fate = "carried" | "again" | "new" | "open" | "kept" | "gone";

export interface Reopened {
  readonly ticket: string;
  readonly title: string;
  readonly requirements: readonly string[];
  readonly fate: Fate;
}

const FATES: readonly Fate[] = ["again", "new", "open", "gone", "kept", "carried"];
const inOrder = (all: Reopened[]) => all.sort((a, b) => FATES.indexOf(a.fate) - FATES.indexOf(b.fate));

/** Whether what was done for it is there. */
const stays = ({ merged }: TicketSummary) => merged != null;

/** What the plan of the newer version does with each ticket: the server's own word. Nothing where it builds on no earlier run. */
export function planned({ plan, continues }: PlanDetail, before: readonly TicketSummary[]): Reopened[] | undefined {
  if (!plan || !continues) return undefined;
  const carried = new Set(continues.carried);
  const known = new Map(before.map((item) => [item.id, stays(item)]));
  return inOrder(
    plan.tickets.map(({ id, title, requirements }) => ({ ticket: id, title, requirements, fate: carried.has(id) ? "carried" : known.has(id) ? (known.get(id) ? "again" : "open") : "new" })),
  );
}

/** The same before there is a plan: the tickets of the earlier run, by whether what they serve has changed. */
export function expected(delta: SpecDelta, before: readonly TicketSummary[]): Reopened[] {
  const became = new Map(delta.requirements.map(({ was, id, change }) => [was ?? id, change]));
  return inOrder(
    before.map((item) => {
      const { id, title, requirements } = item;
      const changes = requirements.map((requirement) => became.get(requirement) ?? "unchanged");
      const fate = changes.length > 0 && changes.every((change) => change === "removed") ? "gone" : changes.some((change) => change !== "unchanged") ? "again" : stays(item) ? "kept" : "open";
      return { ticket: id, title, requirements, fate };
    }),
  );
}
