import type { Evidence } from "~/api/generated/api";

/** What of the matrix is looked at; it stands in the address. */
export interface Wanted {
  /** The newest run where there is none. */
  readonly run?: string;
  readonly text?: string;
  readonly evidence?: Evidence;
  /** The requirement whose evidence is open. */
  readonly open?: string;
}

export const EVIDENCE: readonly Evidence[] = ["failing", "unproven", "proven"];

/** Out of an address. What it does not know is left out. */
export function wantedOf(search: Record<string, unknown>): Wanted {
  const wanted: { -readonly [Name in keyof Wanted]: Wanted[Name] } = {};
  for (const name of ["run", "text", "open"] as const) {
    const text = search[name];
    if (typeof text === "string" && text.trim() !== "") wanted[name] = text;
  }
  const evidence = EVIDENCE.find((known) => known === search.evidence);
  if (evidence) wanted.evidence = evidence;
  return wanted;
}
