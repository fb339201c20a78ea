/** What of a design session is looked at; it stands in the address. */
export interface Look {
  readonly show?: "say" | "plan" | "changes" | "talk";
  /** Of the changes: the version that this one is compared with. */
  readonly from?: string;
}

const SHOWN = ["say", "plan", "changes", "talk"] as const;

/** Out of an address. What it does not know is left out. */
export function lookOf(search: Record<string, unknown>): Look {
  const show = SHOWN.find((known) => known === search.show);
  if (!show) return {};
  return show === "changes" && typeof search.from === "string" && search.from !== "" ? { show, from: search.from } : { show };
}
