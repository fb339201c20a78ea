import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { client, done, take } from "~/api/client";
import { vm as vmQuery } from "~/api/fleet";
import type { Vm } from "~/api/generated/api";
import { problemOf } from "~/api/problem";
import { me, may } from "~/api/session";
import { bytes, count, length, short } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { said } from "./queries";
import { cores } from "./Sandboxes";
import styles from "./Sandboxes.module.css";
import { Shell } from "./Shell";
import { purpose, VmMark } from "./VmMark";
import { grown, type Sample } from "./watched";

const Chart = lazy(() => import("~/parts/Chart").then(({ Chart }) => ({ default: Chart })));
const route = getRouteApi("/inside/sandboxes/$vm");

/** One sandbox: what it uses, what was said in it, and what a person may do there. */
export function Sandbox() {
  const { vm: id } = route.useParams();
  const { data, error, refetch, dataUpdatedAt } = useQuery(vmQuery(id));
  const above = <Link to="/sandboxes">Sandboxes</Link>;
  // What is gone was there a moment ago: what is known of it stays on the screen, and says so.
  const isGone = error !== null && problemOf(error).status === 404;
  if (!data) {
    return (
      <Page title="Sandbox" above={above}>
        {isGone ? (
          <Nothing title="This sandbox is gone">
            <p>It ended, or another process has it. What was run in it is in the timeline of its run.</p>
          </Nothing>
        ) : error ? (
          <Trouble problem={error} again={() => void refetch()} />
        ) : (
          <Waiting what="Loading the sandbox" lines={6} />
        )}
      </Page>
    );
  }
  return (
    <Page key={id} title={purpose(data)} above={above} about={<About vm={data} />} actions={isGone ? null : <Actions vm={data} />}>
      {isGone ? (
        <p className={styles.gone} role="status">
          This sandbox is gone. Below is what was last known of it.
        </p>
      ) : null}
      {error && !isGone ? <Trouble problem={error} /> : null}
      <Facts vm={data} />
      <Charts vm={data} now={dataUpdatedAt} />
      <Said id={id} isGone={isGone} />
      {isGone ? null : <Shell vm={data} />}
    </Page>
  );
}

function About({ vm }: { vm: Vm }) {
  return (
    <span className={styles.facts}>
      <VmMark vm={vm} />
      <span>{vm.rung}</span>
      {vm.run && vm.ticket ? (
        <Link to="/runs/$run/tickets/$ticket" params={{ run: vm.run, ticket: vm.ticket }}>
          {vm.attempt ?? vm.ticket}
        </Link>
      ) : null}
      {vm.project ? <span>{vm.project}</span> : null}
      {vm.fork_of ? <span title={vm.fork_of}>made of {short(vm.fork_of)}</span> : null}
      <span>
        made <When at={vm.made_at} />
      </span>
      <code title={vm.id}>{short(vm.id)}</code>
    </span>
  );
}

function Actions({ vm }: { vm: Vm }) {
  const { data: who } = useQuery(me);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [sure, setSure] = useState(false);
  const path = { vm: vm.id };
  const onSettled = () => queries.invalidateQueries({ queryKey: ["vms"] });
  const snapshot = useMutation({
    mutationFn: async () => take(client.POST("/api/vms/{vm}/snapshot", { params: { path }, body: {} })),
    onSettled: () => Promise.all([onSettled(), queries.invalidateQueries({ queryKey: ["snapshots"] })]),
  });
  const fork = useMutation({
    mutationFn: async () => take(client.POST("/api/vms/{vm}/fork", { params: { path }, body: {} })),
    onSuccess: ({ id }) => navigate({ to: "/sandboxes/$vm", params: { vm: id } }),
    onSettled,
  });
  const stop = useMutation({ mutationFn: () => done(client.DELETE("/api/vms/{vm}", { params: { path } })), onSettled });
  if (!may(who, "runs:write")) return null;
  const failed = snapshot.error ?? fork.error ?? stop.error;
  // While somebody has it, these are theirs alone; the prompt below knows how.
  const isTaken = vm.state === "taken_over";
  return (
    <div className={styles.actions}>
      <Button size="xs" disabled={isTaken} loading={snapshot.isPending} onClick={() => snapshot.mutate()}>
        Snapshot
      </Button>
      <Button size="xs" disabled={isTaken} loading={fork.isPending} onClick={() => fork.mutate()}>
        Fork
      </Button>
      <Button size="xs" disabled={isTaken} loading={stop.isPending} onBlur={() => setSure(false)} onClick={() => (sure ? stop.mutate() : setSure(true))}>
        {sure ? "Its work does the step again" : "Stop"}
      </Button>
      {snapshot.isSuccess ? (
        <p className={styles.note} role="status">
          {short(snapshot.data.id)} has it as it was at event {snapshot.data.position}.
        </p>
      ) : null}
      {failed ? <Trouble problem={failed} /> : null}
    </div>
  );
}

function Facts({ vm: { used, limits, command, since } }: { vm: Vm }) {
  const of = (value: number | null | undefined, most: number | undefined, shown: (value: number) => string) =>
    value == null ? "not measured" : most ? `${shown(value)} of ${shown(most)}` : shown(value);
  const rows: [string, string][] = [
    ["Memory", of(used.memory_bytes, limits?.memory_bytes, bytes)],
    ["Processor", used.cpu_ms == null ? "not measured" : `${length(used.cpu_ms)} so far`],
    ["Processes", of(used.processes, limits?.pids, count)],
    ["Disk", of(used.disk_bytes, limits?.disk_bytes, bytes)],
    ["Network", of(used.network_bytes, limits?.network_bytes, bytes)],
  ];
  return (
    <>
      {command ? (
        <p className={styles.runs}>
          <code>{command}</code>
          <span>
            since <When at={since} bare />
          </span>
        </p>
      ) : null}
      <dl className={styles.fleet}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** What it used since this page is open: the server keeps no figures of the past. */
function Charts({ vm, now }: { vm: Vm; now: number }) {
  const [kept] = useState<{ samples: readonly Sample[] }>({ samples: [] });
  kept.samples = useMemo(() => grown(kept.samples, vm, now), [kept, vm, now]);
  const known = kept.samples;
  const at = useMemo(() => known.map((sample) => sample.at), [known]);
  const lines = useMemo(
    () =>
      (
        [
          ["Processor", "--violet", "cpu", cores, vm.limits?.cpu_milli],
          ["Memory", "--blue", "memory", bytes, vm.limits?.memory_bytes],
          ["Network", "--teal", "network", (value: number) => `${bytes(value)}/s`, undefined],
        ] as const
      ).map(([name, colour, key, shown, most]) => ({ name, shown, most, isMeasured: known.some((one) => one[key] !== null), series: [{ name, colour, values: known.map((one) => one[key]) }] })),
    [known, vm.limits],
  );
  const measured = lines.filter(({ isMeasured }) => isMeasured);
  if (known.length < 3 || measured.length === 0) return null;
  return (
    <div className={styles.charts}>
      {measured.map(({ name, shown, series }) => (
        <section key={name}>
          <h2>{name}</h2>
          <Suspense fallback={<Waiting what={`Loading ${name}`} lines={2} />}>
            <Chart label={`${name} since this page is open`} at={at} series={series} shown={shown} height={120} isBytes={name !== "Processor"} />
          </Suspense>
        </section>
      ))}
    </div>
  );
}

function Said({ id, isGone }: { id: string; isGone: boolean }) {
  const { data, error } = useQuery({ ...said(id), enabled: !isGone });
  if (!data) return error && problemOf(error).status !== 404 ? <Trouble problem={error} /> : null;
  return (
    <>
      <Section title="What was run">
        {data.commands.length === 0 ? <p className={styles.note}>No command has ended here yet.</p> : null}
        {data.commands.length > 0 ? (
          <pre className={styles.said} tabIndex={0} aria-label="What was run">
            {data.commands.join("\n")}
          </pre>
        ) : null}
      </Section>
      {data.console.length > 0 ? (
        <Section title="The machine's console">
          <pre className={styles.said} tabIndex={0} aria-label="The machine's console">
            {data.console.join("\n")}
          </pre>
        </Section>
      ) : null}
    </>
  );
}
