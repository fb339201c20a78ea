import type { Risk } from "~/api/generated/api";
import { COLUMNS, LANES, RISKS, type Lanes, type State } from "./cards";

/** What of the tickets is looked at, and in what order; it stands in the address, so that it can be sent to somebody. */
export interface Filter {
  /** One run; every run under way where there is none. */
  readonly run?: string;
  readonly text?: string;
  readonly state?: State;
  readonly risk?: Risk;
  readonly lanes?: Lanes;
}

/** A filter out of an address. What it does not know is left out. */
export function filterOf(search: Record<string, unknown>): Filter {
  const filter: { -readonly [Name in keyof Filter]: Filter[Name] } = {};
  if (typeof search.run === "string" && search.run !== "") filter.run = search.run;
  if (typeof search.text === "string" && search.text.trim() !== "") filter.text = search.text;
  const state = COLUMNS.find((known) => known === search.state);
  if (state) filter.state = state;
  const risk = RISKS.find((known) => known === search.risk);
  if (risk) filter.risk = risk;
  const lanes = LANES.find((known) => known === search.lanes);
  if (lanes) filter.lanes = lanes;
  return filter;
}
