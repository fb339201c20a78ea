import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Run } from "~/api/generated/api";
import { plan, tickets } from "~/api/work";
import { money } from "~/parts/format";
import { TicketGraph } from "~/parts/TicketGraph";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";

/** The tickets and what waits for what, as they stand now. */
export function Graph({ run }: { run: Run }) {
  const planned = useQuery(plan(run.plan));
  const now = useQuery(tickets(run.id));
  const navigate = useNavigate();
  const of = planned.data?.plan?.tickets;
  const error = planned.error ?? now.error;
  if (!of || !now.data) {
    return error ? <Trouble problem={error} again={() => void Promise.all([planned.refetch(), now.refetch()])} /> : <Waiting what="Loading the graph" lines={6} />;
  }
  const states = new Map(now.data.items.map((item) => [item.id, item]));
  return (
    <TicketGraph
      tickets={of}
      shown={(id) => {
        const item = states.get(id);
        return item ? { state: item.state.state, about: money(item.spend.usd) } : { state: "waiting" };
      }}
      open={(ticket) => void navigate({ to: "/runs/$run/tickets/$ticket", params: { run: run.id, ticket } })}
    />
  );
}
