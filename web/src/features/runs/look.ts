/** What of a run is looked at; it stands in the address. */
export interface Look {
  readonly view?: "graph" | "timeline" | "steps" | "result";
  /** Of the steps: the one that is open, by its position in the log, */
  readonly step?: number;
  /** and whose are listed. */
  readonly ticket?: string;
}

const VIEWS = ["graph", "timeline", "steps", "result"] as const;

/** Out of an address. What it does not know is left out. */
export function lookOf(search: Record<string, unknown>): Look {
  const view = VIEWS.find((known) => known === search.view);
  if (!view) return {};
  if (view !== "steps") return { view };
  const step = Number(search.step);
  return { view, ...(Number.isSafeInteger(step) && step > 0 ? { step } : {}), ...ticketOf(search) };
}

export function ticketOf({ ticket }: Record<string, unknown>): { ticket?: string } {
  return typeof ticket === "string" && ticket !== "" ? { ticket } : {};
}
