import type { RunOptions } from "~/api/generated/api";

/** The most agents at once, and the attempts that a ticket gets before a person is asked. */
const MOST_AGENTS = 64;
const ATTEMPTS = 3;

export interface Form {
  readonly dollars: string;
  readonly agents: string;
}

/** What a run may use, read from a form; or what is wrong with it. */
export function options({ dollars, agents }: Form): { options: RunOptions } | { wrong: Partial<Record<keyof Form, string>> } {
  const wrong: Partial<Record<keyof Form, string>> = {};
  const usd = Number(dollars.trim());
  if (dollars.trim() !== "" && !(Number.isFinite(usd) && usd >= 0)) wrong.dollars = "A sum, such as 2.50; empty for no limit";
  const parallel = Number(agents.trim());
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MOST_AGENTS) wrong.agents = `1 to ${MOST_AGENTS}`;
  if (Object.keys(wrong).length > 0) return { wrong };
  const budget = dollars.trim() === "" ? {} : { usd: Math.round(usd * 1e6) };
  return { options: { budget, max_attempts: ATTEMPTS, max_parallel: parallel } };
}
