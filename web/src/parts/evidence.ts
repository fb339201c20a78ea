import type { Check, InterruptSummary, RequirementTrace, Trace } from "~/api/generated/api";

/** What a command came to where it counts; nothing where it did not run there. */
export interface Proof {
  readonly command: string;
  readonly check: Check | undefined;
}

/** Of each acceptance command, its last run on the head: only there it proves anything. */
export function proofs({ requirement, checks }: RequirementTrace, head: Trace["head"]): Proof[] {
  return requirement.acceptance.map(({ command }) => ({
    command,
    check: head ? checks.findLast((check) => check.command === command && check.commit === head) : undefined,
  }));
}

/** The last question about the change of a ticket. */
export function approvalOf(questions: readonly InterruptSummary[], run: string, ticket: string): InterruptSummary | undefined {
  return questions
    .filter((question) => question.kind === "diff_review" && question.run === run && question.ticket === ticket)
    .sort((a, b) => b.raised_at.localeCompare(a.raised_at))[0];
}
