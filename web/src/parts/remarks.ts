/** Remarks on lines of a change. Pure. */

export interface Remark {
  readonly path: string;
  /** Its number: in the file as it would be, or of a line that is taken away, as it was. */
  readonly line: number;
  readonly removed: boolean;
  readonly words: string;
}

/** The most characters that the server takes as an answer. */
export const MOST_WORDS = 4_000;

export function isAt(a: Omit<Remark, "words">, b: Omit<Remark, "words">): boolean {
  return a.path === b.path && a.line === b.line && a.removed === b.removed;
}

/** With a remark in the place of the one that was there; without words there is none. */
export function withRemark(all: readonly Remark[], remark: Remark): Remark[] {
  const others = all.filter((one) => !isAt(one, remark));
  const said = remark.words.trim();
  if (said === "") return others;
  return [...others, { ...remark, words: said }].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line || Number(b.removed) - Number(a.removed));
}

/** As they go back to an agent: one after the other, each with its place, and what is said of the whole first. */
export function composed(all: readonly Remark[], words = ""): string {
  const lines = all.map(({ path, line, removed, words }) => `${path}:${line}${removed ? " (taken away)" : ""}: ${words}`);
  return [words.trim(), lines.join("\n")].filter((part) => part !== "").join("\n\n");
}

/** Characters as the server counts them. */
export function characters(text: string): number {
  return [...text].length;
}
