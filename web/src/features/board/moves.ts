import type { RunState } from "~/api/generated/api";
import { plural } from "~/parts/format";
import type { Card, State } from "./cards";

/** What a person can do to a ticket. Everything else is done by agents, and no card can be pushed there. */
export type Move = "retry" | "cancel";

/** Where a card goes by it. */
export const TO: Record<Move, State> = { retry: "waiting", cancel: "cancelled" };

/** Whether a run is at its end for now: only then is a ticket of it taken up again. */
function isSettled({ state }: RunState): boolean {
  return state !== "running";
}

/** The moves that the server allows. */
export function movesOf(state: State, run: RunState): Move[] {
  const moves: Move[] = [];
  if (isSettled(run) && (state === "needs_person" || state === "cancelled" || state === "waiting")) moves.push("retry");
  if (state !== "merged" && state !== "cancelled") moves.push("cancel");
  return moves;
}

/** The move that brings a card into a column, if there is one. */
export function moveInto(card: Card, column: State): Move | undefined {
  const state = card.ticket.state.state;
  if (state === column) return undefined;
  return movesOf(state, card.run.state).find((move) => TO[move] === column);
}

/** What follows, said before it is done. */
export function effect(move: Move, { ticket, holds }: Pick<Card, "ticket" | "holds">): string[] {
  if (move === "retry") {
    const before = ticket.attempts === 0 ? "It was not tried yet." : `It was tried ${ticket.attempts === 1 ? "once" : `${ticket.attempts} times`} before.`;
    return ["The ticket waits for an agent, and its run works again.", before];
  }
  const stops = ["working", "verifying", "merging"].includes(ticket.state.state) ? "The agent stops. " : "";
  const held = holds.length === 0 ? "No ticket waits for it." : `${plural(holds.length, "ticket")} cannot begin without it: ${listed(holds)}.`;
  return [`${stops}What was written for it is archived, not deleted. It can be taken up again.`, held];
}

const NAMED = 8;

function listed(ids: readonly string[]): string {
  const rest = ids.length - NAMED;
  return rest > 0 ? `${ids.slice(0, NAMED).join(", ")} and ${rest} more` : ids.join(", ");
}
