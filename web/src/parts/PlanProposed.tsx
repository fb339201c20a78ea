import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { client, take } from "~/api/client";
import type { LintEntry, PlanDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { useNow } from "~/live/store";
import { length } from "./format";
import { options } from "./options";
import { Section } from "./Page";
import styles from "./PlanProposed.module.css";
import { PlanTickets } from "./PlanTickets";
import { Trouble } from "./Trouble";
import { Waiting } from "./Waiting";

interface Props {
  detail: PlanDetail;
  /** Where the new run is shown; none where it is not to be begun. */
  begun?: ((run: string) => void) | undefined;
  /** Between what would be done and its beginning. */
  children?: ReactNode;
}

/** A plan as far as it is: being drawn up, failed, or proposed with what is unclear in the spec. */
export function PlanProposed({ detail, begun, children }: Props) {
  const { data: who } = useQuery(me);
  const { lint, plan, problem, state } = detail;
  return (
    <>
      {state === "requested" ? <Drawing since={detail.requested_at} /> : null}
      {problem ? <Failed problem={problem} /> : null}
      {plan ? (
        <>
          {lint.length > 0 ? (
            <Section title="Unclear in the spec" aside={`${lint.length}`}>
              <Lints lint={lint} />
            </Section>
          ) : null}
          <Section title="What would be done">
            <PlanTickets plan={plan} />
          </Section>
          {children}
          {begun && may(who, "runs:write") ? <Begin plan={detail.id} blocking={lint.some(({ severity }) => severity === "blocking")} begun={begun} /> : null}
        </>
      ) : null}
    </>
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

/** What is unclear, and what to do about it. */
export function Lints({ lint }: { lint: readonly LintEntry[] }) {
  return (
    <ul className={styles.lints}>
      {lint.map((entry, at) => (
        <Lint key={at} lint={entry} />
      ))}
    </ul>
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
function Begin({ plan: id, blocking, begun }: { plan: string; blocking: boolean; begun: (run: string) => void }) {
  const [form, setForm] = useState({ dollars: "", agents: "4" });
  const read = options(form);
  const start = useMutation({
    mutationFn: async () => {
      if ("wrong" in read) throw new Error("the form is not filled in");
      return take(client.POST("/api/runs", { body: { plan: id, options: read.options } }));
    },
    onSuccess: ({ id: run }) => begun(run),
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
