import { useQuery } from "@tanstack/react-query";
import { plan, run } from "~/api/work";
import { PlanTickets } from "~/parts/PlanTickets";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";

/** The plan that a person is asked about. */
export function PlanUnderReview({ run: id }: { run: string }) {
  const asking = useQuery(run(id));
  const planned = useQuery({ ...plan(asking.data?.plan ?? ""), enabled: asking.data !== undefined });
  const error = asking.error ?? planned.error;
  if (error && !planned.data) return <Trouble problem={error} again={() => void (asking.data ? planned.refetch() : asking.refetch())} />;
  if (!planned.data?.plan) return <Waiting what="Loading the plan" lines={6} />;
  return <PlanTickets plan={planned.data.plan} />;
}
