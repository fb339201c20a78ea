/** A question to the policies; it stands in the address, so that it can be sent to somebody. */
export interface Question {
  readonly who?: string;
  readonly action?: string;
  readonly about?: string;
  /** The file that is open. */
  readonly file?: string;
}

/** Out of an address. What it does not know is left out. */
export function questionOf(search: Record<string, unknown>): Question {
  const question: { -readonly [Name in keyof Question]: Question[Name] } = {};
  for (const name of ["who", "action", "about", "file"] as const) {
    const text = search[name];
    if (typeof text === "string" && text.trim() !== "") question[name] = text.trim();
  }
  return question;
}
