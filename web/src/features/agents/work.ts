import type { AttemptStep, Run, TicketDetail, TicketSummary } from "~/api/generated/api";
import { type Standing, standingOf } from "./standing";

/** A ticket that somebody works on, or that stands still for a person. */
export interface Work {
  readonly run: Run;
  readonly ticket: TicketSummary;
  readonly standing: Standing;
  readonly agent: string;
  readonly model: string;
  readonly attempt: string | undefined;
  /** Which try it is, from 1. */
  readonly number: number;
  readonly began: string | undefined;
  /** When it was last heard of. */
  readonly heard: string;
  /** What is done, or why it stands still, in a line. */
  readonly doing: string;
  /** The question that it waits for. */
  readonly question: string | undefined;
}

/** Whether a ticket is in somebody's hands. */
export function isHeld({ state }: TicketSummary): boolean {
  return state.state === "working" || state.state === "verifying" || state.state === "merging" || state.state === "needs_person";
}

/** What is known of the work on a ticket. Its detail comes later than its line. */
export function workOf(run: Run, ticket: TicketSummary, detail: TicketDetail | undefined, question: string | undefined, now: number): Work {
  const { state } = ticket;
  const attempt = detail?.attempts.at(-1);
  const steps = detail?.steps.find((one) => one.attempt === attempt?.id)?.steps ?? [];
  const heard = [ticket.updated_at, attempt?.started_at, steps.at(-1)?.at, detail?.checks.at(-1)?.at]
    .filter((at) => at !== undefined)
    .reduce((last, at) => (Date.parse(at) > Date.parse(last) ? at : last));
  const at = state.state === "waiting" || state.state === "merged" || state.state === "cancelled" ? "working" : state.state;
  const standing = standingOf({ state: at, asked: question !== undefined, steps, heard }, now);
  return {
    run,
    ticket,
    standing,
    agent: attempt?.agent ?? ticket.agent ?? "",
    model: steps.at(-1)?.model ?? attempt?.model ?? "",
    attempt: attempt?.id,
    number: attempt?.number ?? ticket.attempts,
    began: attempt?.started_at,
    heard,
    doing: doing(ticket, steps.at(-1), standing, question !== undefined),
    question,
  };
}

function doing(ticket: TicketSummary, last: AttemptStep | undefined, standing: Standing, asked: boolean): string {
  if (ticket.state.state === "needs_person") return ticket.state.problem.detail;
  if (asked) return "Its change waits for an answer";
  if (standing === "looping") return "Its last steps led nowhere";
  if (ticket.step) return ticket.step;
  const tool = last?.tools.at(-1);
  if (tool) return `${tool.tool} ${tool.about}`;
  return standing === "verifying" ? "Its change is checked" : standing === "merging" ? "Its change is merged" : "The model is asked";
}
