import type { Event } from "~/api/generated/live";

type EventBody = Event["body"];

/** The first words of the keys under which queries are kept. */
export type Topic =
  | "me"
  | "projects"
  | "specs"
  | "surveys"
  | "plans"
  | "runs"
  | "run"
  | "ticket"
  | "approvals"
  | "approval"
  | "users"
  | "invitations"
  | "keys"
  | "sessions"
  | "alerts"
  | "workers"
  | "vms"
  | "snapshots"
  | "figures"
  | "budgets"
  | "secrets"
  | "links"
  | "passkeys"
  | "notifications";

export type Key = readonly [Topic, ...string[]];

/** What each kind of event makes old, beside the run and the ticket that it is about. */
const BY_PREFIX: readonly (readonly [string, readonly Topic[]])[] = [
  ["project_", ["projects"]],
  ["spec_", ["specs"]],
  ["survey_", ["surveys"]],
  ["plan_", ["plans"]],
  ["run_", ["runs"]],
  ["ticket_", ["runs"]],
  ["attempt_", ["figures", "vms", "budgets"]],
  ["merged", ["runs"]],
  // What proves the parts of a change comes while its question is looked at.
  ["hunks_", ["approval"]],
  ["interrupt_", ["approvals", "runs", "notifications"]],
  ["user_", ["users", "me"]],
  ["password_", ["users"]],
  ["invitation_", ["invitations"]],
  // A passkey that somebody signed in by says when.
  ["session_", ["sessions", "passkeys"]],
  ["key_", ["keys"]],
  ["alert_", ["alerts"]],
  ["node_", ["workers"]],
  ["sandbox_", ["vms", "snapshots"]],
  ["person_", ["runs", "approvals"]],
  ["budget_", ["runs", "budgets"]],
  ["quota_", ["budgets"]],
  ["secret", ["secrets"]],
  ["identity_", ["links"]],
  ["passkey_", ["passkeys"]],
];
const ALSO: Readonly<Record<string, readonly Topic[]>> = { user_invited: ["invitations"], user_added: ["invitations"] };

/** The keys of all that an event makes old. */
export function touched(event: Event): Key[] {
  const name: EventBody["type"] = event.body.type;
  const topics = new Set<Topic>(ALSO[name]);
  for (const [prefix, of] of BY_PREFIX) {
    if (name.startsWith(prefix)) for (const topic of of) topics.add(topic);
  }
  const keys: Key[] = [...topics].map((topic) => [topic]);
  const { run, ticket } = event.subject;
  if (run) {
    keys.push(["run", run]);
    if (ticket) keys.push(["ticket", run, ticket]);
  }
  const interrupt = interruptOf(event.body);
  if (interrupt) keys.push(["approval", interrupt]);
  return keys;
}

function interruptOf(body: EventBody): string | undefined {
  if (body.type === "interrupt_raised") return body.interrupt.id;
  return "interrupt" in body && typeof body.interrupt === "string" ? body.interrupt : undefined;
}
