/** A piece of a text: words, or code between backticks. */
export interface Piece {
  readonly text: string;
  readonly code: boolean;
}

/** Where a line begins something of its own: an entry of a list, a heading, a quotation, a table, code. */
const OWN = /^(\s*([-*+]|\d+[.)])\s|#|>|\||```| {4}|\t)/;
const FENCE = /^\s*```/;

/** A Markdown text as paragraphs. Lines that were broken for an editor's sake flow on; code and lists keep theirs. */
export function paragraphs(text: string): string[] {
  const all: string[] = [];
  let fenced = false;
  let ended = true;
  for (const line of text.replace(/\r\n/g, "\n").split("\n")) {
    const isFence = FENCE.test(line);
    if (!fenced && line.trim() === "") {
      ended = true;
      continue;
    }
    const last = all.length - 1;
    if (ended) all.push(line.trimEnd());
    else all[last] += fenced || isFence || OWN.test(line) || FENCE.test(all[last]?.split("\n").at(-1) ?? "") ? `\n${line.trimEnd()}` : ` ${line.trim()}`;
    ended = false;
    if (isFence) fenced = !fenced;
  }
  return all;
}

/** A paragraph by its pieces: backticks that come in pairs in a line are code. */
export function pieces(paragraph: string): Piece[] {
  return paragraph
    .split(/(`[^`\n]+`)/)
    .filter((text) => text !== "")
    .map((text) => (/^`[^`\n]+`$/.test(text) ? { text: text.slice(1, -1), code: true } : { text, code: false }));
}
