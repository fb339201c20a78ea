import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "~/api/client";
import type { LintEntry, PlanDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { plan, spec } from "~/api/work";
import { useNow } from "~/live/store";
import { length } from "~/parts/format";
import { Page, Section } from "~/parts/Page";
import { PlanTickets } from "~/parts/PlanTickets";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { options } from "./options";
import styles from "./PlanPage.module.css";

const route = getRouteApi("/inside/plans/$plan");

/** A plan before anything is built: what would be done, at what price, and what is unclear in the spec. */
export function PlanPage() {
  const { plan: id } = route.useParams();
  const { data, error, refetch } = useQuery(plan(id));
  const of = useQuery({ ...spec(data?.spec ?? ""), enabled: data !== undefined });
  const title = of.data?.spec.title ?? "Plan";
  return (
    <Page title={title} about={data ? `Plan for ${data.project}` : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the plan" lines={6} /> : null}
      {data?.state === "requested" ? <Drawing since={data.requested_at} /> : null}
      {data?.problem ? <Failed problem={data.problem} /> : null}
      {data?.plan ? <Proposed detail={data} /> : null}
    </Page>
  );
}

function Drawing({ since }: { since: string }) {
  const now = useNow();
  return (
    <>
      <p className={styles.drawing}>The plan is being drawn up, for {length(Math.max(0, now - Date.parse(since)))}. It appears here by itself.</p>
      <Waiting what="The plan is being drawn up" lines={6} />
    </>
  );
}

function Failed({ problem }: { problem: NonNullable<PlanDetail["problem"]> }) {
  return (
    <div className={styles.failed} role="alert">
      <p>
        <strong>No plan could be made.</strong> {problem.detail}
      </p>
      <p>{problem.next}</p>
      <code>{problem.code}</code>
    </div>
  );
}

function Proposed({ detail }: { detail: PlanDetail }) {
  const { data: who } = useQuery(me);
  const blocking = detail.lint.some(({ severity }) => severity === "blocking");
  return (
    <>
      {detail.lint.length > 0 ? (
        <Section title="Unclear in the spec" aside={`${detail.lint.length}`}>
          <ul className={styles.lints}>
            {detail.lint.map((lint, at) => (
              <Lint key={at} lint={lint} />
            ))}
          </ul>
        </Section>
      ) : null}
      <Section title="What would be done">{detail.plan ? <PlanTickets plan={detail.plan} /> : null}</Section>
      {may(who, "runs:write") ? <Begin plan={detail.id} blocking={blocking} /> : null}
    </>
  );
}

function Lint({ lint }: { lint: LintEntry }) {
  return (
    <li data-severity={lint.severity}>
      <p>
        <b>{[lint.requirement, lint.ticket].filter(Boolean).join(", ") || "The spec"}</b> {lint.detail}
      </p>
      <p className={styles.fix}>{lint.fix}</p>
    </li>
  );
}

/** What the run may spend, and its beginning. */
function Begin({ plan: id, blocking }: { plan: string; blocking: boolean }) {
  const router = useRouter();
  const [form, setForm] = useState({ dollars: "", agents: "4" });
  const read = options(form);
  const start = useMutation({
    mutationFn: async () => {
      if ("wrong" in read) throw new Error("the form is not filled in");
      return take(client.POST("/api/runs", { body: { plan: id, options: read.options } }));
    },
    onSuccess: ({ id: run }) => router.navigate({ to: "/runs/$run", params: { run } }),
  });
  const wrong = "wrong" in read ? read.wrong : {};
  return (
    <form
      className={styles.begin}
      onSubmit={(event) => {
        event.preventDefault();
        if (!("wrong" in read) && !start.isPending) start.mutate();
      }}
    >
      <div className={styles.fields}>
        <TextInput
          label="May spend, in dollars"
          placeholder="no limit"
          inputMode="decimal"
          value={form.dollars}
          error={wrong.dollars}
          onChange={(event) => setForm({ ...form, dollars: event.currentTarget.value })}
        />
        <TextInput
          label="Agents at once"
          inputMode="numeric"
          value={form.agents}
          error={wrong.agents}
          onChange={(event) => setForm({ ...form, agents: event.currentTarget.value })}
        />
      </div>
      {start.isError ? <Trouble problem={start.error} /> : null}
      <div className={styles.go}>
        <p>{blocking ? "Something above blocks the plan: change the spec first." : "Agents begin at once; the work goes on a branch of its own."}</p>
        <Button type="submit" variant="filled" loading={start.isPending} disabled={"wrong" in read || blocking}>
          Start the run
        </Button>
      </div>
    </form>
  );
}
