import { client, take } from "./client";
import type { Drafted, EditKind, Problem, Said } from "./generated/api";

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
  /** For which project, where the spec is new. */
  readonly project?: string;
  readonly turns: readonly Turn[];
  /** The answer that is waited for, and the text that it is about. */
  readonly waiting?: { readonly survey: string; readonly text: string };
}

/** Under which name the text of a new spec is kept. */
export const NEW = "spec:new";
/** Under which name is kept what was said of a text. */
export const saidOf = (name: string) => `said:${name}`;

export const EDITS: Record<EditKind, string> = { added: "Added", changed: "Changed", removed: "Took out" };

/** What of a turn the model is told again: its words and its questions. */
export function heard({ by, text, questions, failed }: Turn): Said {
  if (failed) return { by, text: "(no answer)" };
  return { by, text: [text, ...(questions ?? [])].filter((line) => line !== "").join("\n") || "(nothing)" };
}

/** Has what was said last written down, and gives the survey that will tell what came of it. */
export async function ask(project: string, text: string, turns: readonly Turn[], said: string): Promise<string> {
  const talk: Said[] = [...turns.map(heard), { by: "person", text: said }];
  return (await take(client.POST("/api/specs/draft", { body: { project, text, talk } }))).id;
}

/** Whether a text says what somebody wants, and is no spec yet: it has neither a heading nor a list. */
export function isIdea(text: string): boolean {
  return text.trim() !== "" && !/^\s*(#|[-*+]\s|\d+[.)]\s|\|)/m.test(text);
}
