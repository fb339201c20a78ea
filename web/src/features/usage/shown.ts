/** What of the usage is looked at; it stands in the address. */
export interface Shown {
  readonly days?: (typeof DAYS)[number];
  readonly of?: "usd" | "tokens";
}

export const DAYS = [7, 30, 90] as const;

/** Out of an address. What it does not know is left out. */
export function shownOf(search: Record<string, unknown>): Shown {
  const days = DAYS.find((known) => known === Number(search.days));
  return { ...(days ? { days } : {}), ...(search.of === "usd" || search.of === "tokens" ? { of: search.of } : {}) };
}
