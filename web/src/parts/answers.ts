import type { HumanResponse, InterruptKind, InterruptState } from "~/api/generated/api";

/** What the buttons say. */
export const ACTIONS: Record<InterruptKind, { accept: string; turnDown: string }> = {
  plan_review: { accept: "Approve", turnDown: "Reject" },
  diff_review: { accept: "Approve", turnDown: "Reject" },
  clarification: { accept: "Build it as it is", turnDown: "Answer" },
};

/** What follows from each answer, said before it is given (docs/src/approvals.md). */
export function effect(kind: InterruptKind, answer: "accept" | "words" | "nothing", more: boolean): string {
  if (answer === "accept") {
    if (more) return "Counts as one yes; another person must approve it too.";
    if (kind === "plan_review") return "Agents begin with it at once.";
    return kind === "diff_review" ? "The change enters the merge train." : "The spec is built as it stands.";
  }
  if (answer === "words") {
    if (kind === "plan_review") return "The run ends with these words. A retry asks again.";
    return kind === "diff_review"
      ? "It goes back to its author with these words, and what comes of that is asked about anew."
      : "Every author is told these words, and the work goes on.";
  }
  return kind === "diff_review" ? "Without a reason the ticket stops and needs a person." : "Without words the run ends.";
}

/** The answer that turns something down: with words where there are some. */
export function turnedDown(words: string): HumanResponse {
  const said = words.trim();
  return said === "" ? { type: "ignore" } : { type: "response", args: said };
}

/** How a question ended, in a word. */
export const ENDED: Record<InterruptState, string> = {
  waiting: "Waits",
  accepted: "Approved",
  answered: "Sent back",
  ignored: "Turned down",
  expired: "Expired",
  withdrawn: "Withdrawn",
};
