import type { Drafted, EditKind, Problem, Said } from "~/api/generated/api";

/** One thing that was said, and of a model's answer what came of it. */
export interface Turn extends Partial<Pick<Drafted, "questions" | "edits" | "left_out" | "model">>, Said {
  /** The text before the answer and with it. */
  readonly before?: string;
  readonly drafted?: string;
  /** Why there is no answer. */
  readonly failed?: Problem;
}

/** A conversation as it is kept on this device. */
export interface Words {
  readonly turns: readonly Turn[];
  /** The answer that is waited for, and the text that it is about. */
  readonly waiting?: { readonly survey: string; readonly text: string };
}

export const EDITS: Record<EditKind, string> = { added: "Added", changed: "Changed", removed: "Took out" };

/** What of a turn the model is told again: its words and its questions. */
export function heard({ by, text, questions, failed }: Turn): Said {
  if (failed) return { by, text: "(no answer)" };
  return { by, text: [text, ...(questions ?? [])].filter((line) => line !== "").join("\n") || "(nothing)" };
}
