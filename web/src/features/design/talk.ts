import { useQuery } from "@tanstack/react-query";
import { decided, waiting } from "~/api/approvals";
import type { InterruptSummary, Run } from "~/api/generated/api";

export interface Talk {
  /** What was asked about a spec and its plans, the oldest first: as a conversation goes. */
  readonly items: readonly InterruptSummary[];
  readonly isPending: boolean;
  readonly error: unknown;
  readonly again: () => void;
}

/** Of all questions those about what these runs build, and not about its changes. */
export function asked(all: readonly InterruptSummary[], runs: readonly Pick<Run, "id">[]): InterruptSummary[] {
  const known = new Set(runs.map(({ id }) => id));
  return all.filter(({ run, kind }) => known.has(run) && kind !== "diff_review").sort((a, b) => a.raised_at.localeCompare(b.raised_at));
}

export function useTalk(runs: readonly Run[]): Talk {
  const [open, over] = [useQuery(waiting), useQuery(decided)];
  return {
    items: asked([...(open.data?.items ?? []), ...(over.data?.items ?? [])], runs),
    isPending: open.isPending || over.isPending,
    error: open.data && over.data ? undefined : (open.error ?? over.error),
    again: () => void Promise.all([open.refetch(), over.refetch()]),
  };
}
