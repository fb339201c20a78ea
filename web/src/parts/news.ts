import type { Event, EventBody } from "~/api/generated/api";
import { capital, count, length, money, plural, words } from "./format";

/** What an event says in a line. */
export interface News {
  readonly text: string;
  readonly tone: "plain" | "good" | "bad" | "asks";
  /** Whether its step can be opened: a prompt with its reply, a tool's call, a diff. */
  readonly opens: boolean;
}

const OPENS: readonly EventBody["type"][] = [
  "attempt_started",
  "model_called",
  "tool_called",
  "check_run",
  "committed",
  "finding_raised",
  "merged",
];

export function news(event: Event): News {
  const [text, tone = "plain"] = said(event.body);
  return { text, tone, opens: OPENS.includes(event.body.type) };
}

type Said = readonly [string, News["tone"]?];

function said(body: EventBody): Said {
  switch (body.type) {
    case "run_started":
      return [`The run began, with ${plural(body.options.max_parallel, "agent")} at once`];
    case "run_based":
      return [`It builds on ${body.base_branch}, on the branch ${body.branch}`];
    case "run_state_changed":
      return state(body.to, "The run");
    case "ticket_state_changed":
      return state(body.to, "It");
    case "attempt_started":
      return [`${body.agent} begins attempt ${body.number} with ${body.model}`];
    case "attempt_finished":
      if (body.outcome.outcome === "accepted") return ["The attempt was accepted", "good"];
      if (body.outcome.outcome === "rejected") return [`The attempt was sent back: ${plural(body.outcome.findings.length, "finding")}`, "bad"];
      return [`The attempt failed: ${body.outcome.problem.detail}`, "bad"];
    case "model_called":
      return [
        `${body.agent} asked ${body.model}${body.recorded ? ", from the recording" : ""}: ` +
          `${count(body.spend.tokens_in)} tokens in, ${count(body.spend.tokens_out)} out, ${money(body.spend.usd)}, ${length(body.millis)}`,
      ];
    case "tool_called":
      return [`${body.tool} ${body.about}`, body.ok ? "plain" : "bad"];
    case "check_run":
      return [`${body.passed ? "Passed" : "Failed"}: ${body.command}`, body.passed ? "good" : "bad"];
    case "finding_raised":
      return [`${words(body.finding.code)}: ${body.finding.detail}`, "bad"];
    case "committed":
      return [`Committed ${plural(body.files, "file")}: ${count(body.added)} added, ${count(body.removed)} removed`];
    case "merged":
      return [`Merged as ${body.commit.slice(0, 10)}`, "good"];
    case "interrupt_raised":
      return ["A person is asked", "asks"];
    case "interrupt_answered":
      return [`A person answered: ${words(body.response.type)}`];
    case "step_failed":
      return [`A step failed: ${body.detail}`, "bad"];
    case "attempt_stuck":
      return [`It was stuck: ${body.why}`, "bad"];
    case "ticket_held":
      return [`It waits behind ${body.behind}: ${body.why}`];
    case "pull_request_opened":
      return [`The pull request is open: ${body.title}`, "good"];
    case "budget_reached":
      return [body.detail, "bad"];
    case "person_asked":
      return [`A person asked for: ${words(body.what)}${body.reason ? ` (${body.reason})` : ""}`];
    default:
      return [capital(words(body.type))];
  }
}

function state(to: { state: string; problem?: { detail: string } }, what: string): Said {
  if (to.state === "needs_person") return [`${what} needs a person: ${to.problem?.detail ?? ""}`, "asks"];
  return [`${what} is ${words(to.state)} now`, to.state === "merged" || to.state === "done" ? "good" : "plain"];
}

/** Who did it, as a short name. */
export function who(event: Event): string {
  const { actor } = event;
  return actor.kind === "system" ? actor.part : actor.name;
}
