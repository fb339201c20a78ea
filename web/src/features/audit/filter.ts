import type { AuditOutcome } from "~/api/generated/api";

/** What of the record is looked at; it stands in the address, so that it can be sent to somebody. */
export interface Filter {
  readonly who?: string;
  readonly what?: string;
  readonly project?: string;
  readonly run?: string;
  readonly ticket?: string;
  readonly outcome?: AuditOutcome;
  readonly from?: string;
  readonly to?: string;
}

const TEXTS = ["who", "what", "project", "run", "ticket", "from", "to"] as const;
const OUTCOMES: readonly AuditOutcome[] = ["done", "failed", "refused"];

/** A filter out of an address. What it does not know is left out. */
export function filterOf(search: Record<string, unknown>): Filter {
  const filter: { -readonly [Name in keyof Filter]: Filter[Name] } = {};
  for (const name of TEXTS) {
    const text = search[name];
    if (typeof text === "string" && text.trim() !== "") filter[name] = text.trim();
  }
  const outcome = OUTCOMES.find((known) => known === search.outcome);
  if (outcome) filter.outcome = outcome;
  return filter;
}

/** A moment of a form (in the reader's zone, without one) as the server takes it; and back. */
export function toMoment(local: string): string | undefined {
  const at = new Date(local);
  return local === "" || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export function toLocal(iso: string | undefined): string {
  if (!iso) return "";
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Where the part of the record that a filter names is had as a file. */
export function fileOf(filter: Filter, form: "csv" | "jsonl"): string {
  return `/api/audit/export?${new URLSearchParams({ ...filter, form }).toString()}`;
}
