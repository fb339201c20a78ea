import type { Edit, Event, EventBody, TicketCounts, TicketState } from "~/api/generated/api";

/** Going back in a run: what is a step, and what was known at it. Pure. */

/** What can be gone back to (docs/src/travel.md), and what each is called. */
export const STEPS: Partial<Record<EventBody["type"], string>> = {
  attempt_started: "attempt",
  model_called: "model",
  tool_called: "tool",
  check_run: "check",
  committed: "commit",
  finding_raised: "finding",
  attempt_finished: "verdict",
  merged: "merge",
};

/** The steps of a run, or of one of its tickets, in the order in which they were made. */
export function stepsOf(events: readonly Event[], ticket: string | undefined): Event[] {
  return events.filter((event) => STEPS[event.body.type] !== undefined && (ticket === undefined || event.subject.ticket === ticket));
}

/** What was so just after an event. */
export interface Known {
  readonly counts: TicketCounts;
  readonly usd: number;
  readonly tokens: number;
  readonly calls: number;
  readonly findings: number;
  /** The last commit on the run's branch. */
  readonly head: string | undefined;
  /** Where the ticket of the event stood, and at which attempt. */
  readonly state: TicketState["state"] | undefined;
  readonly attempt: string | undefined;
}

/** What was known of a run after one of its events: those up to it, taken together. */
export function knownAt(events: readonly Event[], seq: number, tickets: readonly string[]): Known {
  const states = new Map<string, TicketState["state"]>(tickets.map((id) => [id, "waiting"]));
  let [usd, tokens, calls, findings] = [0, 0, 0, 0];
  let head: string | undefined;
  let last: Event | undefined;
  for (const event of events) {
    if (event.seq > seq) break;
    last = event;
    const { body, subject } = event;
    if (body.type === "ticket_state_changed" && subject.ticket) states.set(subject.ticket, body.to.state);
    if (body.type === "model_called") {
      usd += body.spend.usd;
      tokens += body.spend.tokens_in + body.spend.tokens_out;
      calls += body.spend.calls;
    }
    if (body.type === "finding_raised") findings += 1;
    if (body.type === "merged") head = body.commit;
  }
  const counts: TicketCounts = { total: states.size, waiting: 0, working: 0, verifying: 0, merging: 0, merged: 0, needs_person: 0, cancelled: 0 };
  for (const state of states.values()) counts[state] += 1;
  return { counts, usd, tokens, calls, findings, head, state: states.get(last?.subject.ticket ?? ""), attempt: last?.subject.attempt ?? undefined };
}

/** The words of a step as they stand in a form. */
export interface Words {
  readonly text: string;
  /** Of a reply the tools that it calls, as JSON; of an attempt its hints, one on each line. */
  readonly more: string;
}

export function wordsOf(edit: Edit | null | undefined): Words {
  if (!edit) return { text: "", more: "" };
  if (edit.kind === "attempt") return { text: edit.description, more: (edit.hints ?? []).join("\n") };
  return { text: edit.text, more: edit.tool_calls?.length ? JSON.stringify(edit.tool_calls, null, 2) : "" };
}

/** What was edited, nothing where all words are as they were, or why it cannot be. */
export function editOf(before: Edit | null | undefined, after: Words): { edit: Edit | undefined } | { wrong: string } {
  const old = wordsOf(before);
  if (!before || (old.text === after.text && old.more === after.more)) return { edit: undefined };
  if (before.kind === "attempt") {
    const hints = after.more.split("\n").map((hint) => hint.trim());
    return { edit: { kind: "attempt", description: after.text, hints: hints.filter((hint) => hint !== "") } };
  }
  if (after.more.trim() === "") return { edit: { kind: "reply", text: after.text } };
  try {
    const calls: unknown = JSON.parse(after.more);
    if (!Array.isArray(calls) || !calls.every(isCall)) return { wrong: "Each call has an id, a name, and its arguments as text" };
    return { edit: { kind: "reply", text: after.text, tool_calls: calls } };
  } catch {
    return { wrong: "This is not JSON" };
  }
}

function isCall(call: unknown): call is { id: string; name: string; arguments: string } {
  if (typeof call !== "object" || call === null) return false;
  return ["id", "name", "arguments"].every((field) => typeof (call as Record<string, unknown>)[field] === "string");
}
