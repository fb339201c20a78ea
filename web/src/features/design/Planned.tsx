import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { client, take } from "~/api/client";
import type { PlanDetail, Run, SpecDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { plan as planQuery, plans } from "~/api/work";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Section } from "~/parts/Page";
import { PlanProposed } from "~/parts/PlanProposed";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Design.module.css";
import { Question } from "./Talk";
import talks from "./Talk.module.css";
import type { Talk } from "./talk";

const TicketGraph = lazy(() => import("~/parts/TicketGraph").then(({ TicketGraph }) => ({ default: TicketGraph })));

interface Props {
  spec: SpecDetail;
  talk: Talk;
  /** Of any version of it. */
  runs: readonly Run[];
}

/** The newest plan of a version: what would be done, in what order, at what price; and its beginning. */
export function Planned({ spec, talk, runs }: Props) {
  const all = useQuery(plans);
  const [latest] = (all.data?.items ?? []).filter((plan) => plan.spec === spec.id).sort((a, b) => b.requested_at.localeCompare(a.requested_at));
  const detail = useQuery({ ...planQuery(latest?.id ?? ""), enabled: latest !== undefined });
  const error = all.error ?? detail.error;
  if (!all.data || (latest && !detail.data)) {
    if (error) return <Trouble problem={error} again={() => void Promise.all([all.refetch(), latest ? detail.refetch() : undefined])} />;
    return <Waiting what="Loading the plan" lines={6} />;
  }
  if (!detail.data) {
    return (
      <Nothing title="There is no plan of this version">
        <p>It says the tickets, their order and the price. Nothing is built before you have seen it.</p>
        <Make spec={spec} label="Make a plan" />
      </Nothing>
    );
  }
  return <Proposed key={detail.data.id} detail={detail.data} spec={spec} talk={talk} runs={runs} />;
}

function Proposed({ detail, spec, talk, runs }: Props & { detail: PlanDetail }) {
  const navigate = useNavigate();
  const { plan, continues, state } = detail;
  const works = runs.find((run) => run.plan === detail.id && run.state.state === "running");
  const open = talk.items.filter((item) => item.state === "waiting");
  return (
    <>
      {open.length > 0 ? (
        <Section title="Waits for you" aside={plural(open.length, "question")}>
          <ul className={talks.talk}>
            {open.map((item) => (
              <Question key={item.id} summary={item} />
            ))}
          </ul>
        </Section>
      ) : null}
      {works && open.length === 0 ? (
        <p className={styles.continues}>
          It is being carried out:{" "}
          <Link to="/runs/$run" params={{ run: works.id }}>
            see the run
          </Link>
        </p>
      ) : null}
      {continues ? (
        <p className={styles.continues}>
          It goes on from{" "}
          <Link to="/runs/$run" params={{ run: continues.run }}>
            an earlier run
          </Link>
          : {plural(continues.carried.length, "ticket")} of {plan?.tickets.length ?? 0} carried over.{" "}
          <Link to="/design/$spec" params={{ spec: spec.id }} search={{ show: "changes" }}>
            What is opened again
          </Link>
        </p>
      ) : null}
      <PlanProposed detail={detail} begun={works ? undefined : () => void navigate({ to: "/design/$spec", params: { spec: spec.id }, search: { show: "talk" } })}>
        {plan && plan.tickets.length > 1 ? (
          <Section title="What waits for what">
            <Suspense fallback={<Waiting what="Loading the graph" lines={5} />}>
              <TicketGraph
                tickets={plan.tickets}
                shown={(id) => (continues?.carried.includes(id) ? { state: "merged", label: "Carried" } : { state: "waiting", label: "To do" })}
              />
            </Suspense>
          </Section>
        ) : null}
      </PlanProposed>
      {state === "failed" ? <Make spec={spec} label="Try it again" /> : null}
    </>
  );
}

function Make({ spec, label }: { spec: SpecDetail; label: string }) {
  const queries = useQueryClient();
  const { data: who } = useQuery(me);
  const make = useMutation({
    mutationFn: async () => take(client.POST("/api/plans", { body: { spec: spec.id } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["plans"] }),
  });
  if (!may(who, "runs:write")) return null;
  return (
    <div className={styles.make}>
      {make.isError ? <Trouble problem={make.error} /> : null}
      <Button variant="filled" loading={make.isPending} onClick={() => make.mutate()}>
        {label}
      </Button>
    </div>
  );
}
