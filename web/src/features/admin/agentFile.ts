import type { AgentFile, Overview } from "~/api/generated/api";
import { type AgentsLook, hasWords } from "./look";

/** Agents' files as people look through them. Pure. */

/** Those that are looked for. */
export function found(items: readonly AgentFile[], { text, whose, can }: AgentsLook): AgentFile[] {
  return items.filter(
    (one) =>
      (!whose || one.built_in === (whose === "built_in")) &&
      (!can || one.can.includes(can)) &&
      hasWords(text, [one.name, one.description, one.file, ...one.can, ...one.tools, ...one.models]),
  );
}

/** All that some agent can, by name. */
export function abilities(items: readonly AgentFile[]): string[] {
  return [...new Set(items.flatMap(({ can }) => can))].sort();
}

/** What is wrong with a file, as a sentence that may begin with a capital: a path keeps its letters. */
export function faultWords(detail: string): string {
  return /^\S+\.md:\d+: /.test(detail) ? `in ${detail}` : detail;
}

/** So much of a version tells it apart. */
const TELLING = 10;

export function shortVersion(version: string): string {
  return version.slice(0, TELLING);
}

type Arms = Overview["work"]["arms"];

/** What an agent did with each model. */
export function armsOf(arms: Arms, agent: string): Arms {
  return arms.filter(({ arm }) => arm.agent === agent);
}

/** What an agent did so far, all models together. */
export function didOf(arms: Arms, agent: string): { attempts: number; accepted: number } {
  const own = armsOf(arms, agent);
  return { attempts: own.reduce((sum, { attempts }) => sum + attempts, 0), accepted: own.reduce((sum, { accepted }) => sum + accepted, 0) };
}
