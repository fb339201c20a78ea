import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Run, PlanDetail, TicketList } from "~/api/generated/api";
import { plan, runs, specs, tickets } from "~/api/work";
import { type Card, cardsOf } from "./cards";

interface Cards {
  readonly cards: readonly Card[];
  /** Every run that there is, the newest first, and what each is called. */
  readonly runs: readonly { readonly run: Run; readonly name: string }[];
  /** Whether the run that was asked for is none. */
  readonly isUnknown: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly again: () => void;
}

/** The tickets of one run, or of every run under way, with what their plans say of them. */
export function useCards(chosen: string | undefined): Cards {
  const all = useQuery(runs);
  const { data: known } = useQuery(specs);
  const named = useMemo(() => {
    const titles = new Map(known?.items.map(({ id, title }) => [id, title]));
    const newest = [...(all.data?.items ?? [])].sort((a, b) => b.started_at.localeCompare(a.started_at));
    return newest.map((run) => ({ run, name: titles.get(run.spec) ?? run.project }));
  }, [all.data, known]);
  const of = useMemo(
    () => named.filter(({ run }) => (chosen ? run.id === chosen : run.state.state === "running" || run.state.state === "needs_person")),
    [named, chosen],
  );
  const lists = useQueries({ queries: of.map(({ run }) => tickets(run.id)), combine: combined<TicketList> });
  const plans = useQueries({ queries: of.map(({ run }) => plan(run.plan)), combine: combined<PlanDetail> });
  const cards = useMemo(
    () => of.flatMap(({ run, name }, at) => cardsOf(run, name, lists.data[at]?.items ?? [], plans.data[at]?.plan)),
    [of, lists.data, plans.data],
  );
  return {
    cards,
    runs: named,
    isUnknown: all.data !== undefined && chosen !== undefined && of.length === 0,
    isPending: all.isPending || lists.isPending,
    error: all.data ? lists.error : all.error,
    again: () => {
      void all.refetch();
      lists.again();
    },
  };
}

/** What several questions came to. A plan that cannot be had takes nothing but the risk from the cards. */
function combined<T>(results: UseQueryResult<T>[]) {
  return {
    data: results.map(({ data }) => data),
    isPending: results.some(({ isPending }) => isPending),
    error: results.find(({ error, data }) => error && !data)?.error,
    again: () => results.forEach(({ refetch }) => void refetch()),
  };
}
