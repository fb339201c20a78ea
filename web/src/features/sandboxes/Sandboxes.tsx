import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import type { Vm, VmElsewhere } from "~/api/generated/api";
import { vitals, vms } from "~/api/fleet";
import { useNow } from "~/live/store";
import { Export } from "~/parts/Export";
import { bytes, count, length } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Sandboxes.module.css";
import { Snapshots } from "./Snapshots";
import { purpose, VmMark } from "./VmMark";
import { samples, watch } from "./watched";

const Chart = lazy(() => import("~/parts/Chart").then(({ Chart }) => ({ default: Chart })));
/** Of so many a line is drawn; of more there are the figures. */
const DRAWN = 24;
/** How old the figures of the whole may be when the page is opened, in milliseconds. */
const FRESH = 5_000;

/** Where code runs just now, on what, and what it uses. */
export function Sandboxes() {
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery(vms);
  useMemo(() => data && watch(data.items, dataUpdatedAt), [data, dataUpdatedAt]);
  const items = data?.items ?? [];
  return (
    <Page title="Sandboxes" about="Where code runs just now, on which rung, and what it uses." actions={items.length > 0 ? <Export name="sandboxes" rows={() => items.map(rowOf)} /> : null}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {isPending ? <Waiting what="Loading the sandboxes" lines={4} /> : null}
      <Fleet there={items.length} />
      {data && items.length === 0 ? (
        <Nothing title="No sandbox is open">
          <p>An agent that runs commands has one, and so has each check while it runs.</p>
        </Nothing>
      ) : null}
      {items.length > 0 ? (
        <ul className={styles.list} aria-label="Sandboxes">
          {items.map((vm, at) => (
            <li key={vm.id}>
              <Row vm={vm} isDrawn={at < DRAWN} />
            </li>
          ))}
        </ul>
      ) : null}
      {data && data.elsewhere.length > 0 ? <Elsewhere items={data.elsewhere} /> : null}
      <Snapshots />
    </Page>
  );
}

function rowOf(vm: Vm) {
  return {
    id: vm.id,
    state: vm.state,
    rung: vm.rung,
    agent: vm.agent,
    project: vm.project,
    run: vm.run,
    ticket: vm.ticket,
    attempt: vm.attempt,
    command: vm.command,
    memory_bytes: vm.used.memory_bytes,
    cpu_ms: vm.used.cpu_ms,
    disk_bytes: vm.used.disk_bytes,
    network_bytes: vm.used.network_bytes,
    processes: vm.used.processes,
    taken_by: vm.taken_by,
    fork_of: vm.fork_of,
    made_at: vm.made_at,
  };
}

function Row({ vm, isDrawn }: { vm: Vm; isDrawn: boolean }) {
  const known = samples(vm.id);
  const { used, limits } = vm;
  const last = known.at(-1);
  return (
    <Link to="/sandboxes/$vm" params={{ vm: vm.id }} className={styles.row}>
      <VmMark vm={vm} />
      <span className={styles.what}>
        <span className={styles.title}>{purpose(vm)}</span>
        {vm.command ? <code className={styles.command}>{vm.command}</code> : null}
        <span className={styles.facts}>
          <span>{vm.rung}</span>
          {vm.ticket ? <code>{vm.attempt ?? vm.ticket}</code> : null}
          {vm.project ? <span>{vm.project}</span> : null}
          {vm.taken_by ? <span>{vm.taken_by} has it</span> : null}
          <span>
            made <When at={vm.made_at} />
          </span>
        </span>
      </span>
      <span className={styles.figures}>
        <Figure name="Processor" value={last?.cpu == null ? "–" : cores(last.cpu)} />
        <Figure name="Memory" value={used.memory_bytes == null ? "–" : bytes(used.memory_bytes)} of={limits ? bytes(limits.memory_bytes) : undefined} />
        <Figure name="Disk" value={used.disk_bytes == null ? "–" : bytes(used.disk_bytes)} />
      </span>
      <span className={styles.line} aria-hidden>
        {isDrawn && known.length > 2 ? (
          <Suspense>
            <Chart
              label="Memory"
              bare
              height={36}
              at={known.map(({ at }) => at)}
              series={[{ name: "Memory", colour: "--blue", values: known.map(({ memory }) => memory) }]}
              shown={bytes}
            />
          </Suspense>
        ) : null}
      </span>
    </Link>
  );
}

function Figure({ name, value, of }: { name: string; value: string; of?: string | undefined }) {
  return (
    <span>
      <span className={styles.name}>{name}</span>
      <span className={styles.value} title={of ? `of ${of}` : undefined}>
        {value}
      </span>
    </span>
  );
}

/** Thousandths of a processor, in words. */
export function cores(milli: number): string {
  return `${Math.round(milli / 10)} %`;
}

/** How sandboxes of this process come and go. */
function Fleet({ there }: { there: number }) {
  const { data } = useQuery({ ...vitals, staleTime: FRESH });
  const now = useNow(10_000);
  if (!data) return null;
  const { sandboxes, trouble } = data;
  const life = sandboxes.stages.find(({ stage }) => stage === "life")?.took;
  const lives = life?.counts.reduce((all, one) => all + one, 0) ?? 0;
  const rows: [string, string][] = [
    ["Rung", sandboxes.rung],
    ["Here now", count(there)],
    ["Begun since the start", count(sandboxes.kinds.reduce((all, { begun }) => all + begun, 0))],
  ];
  if (life && lives > 0) rows.push(["Mean life", length(life.sum_ms / lives)]);
  if (trouble.sandbox > 0) rows.push([`Failed in ${length(data.window_seconds * 1_000)}`, count(trouble.sandbox)]);
  if (sandboxes.unheard > 0) rows.push(["Never said a word", count(sandboxes.unheard)]);
  return (
    <dl className={styles.fleet} title={`looked at ${Math.max(0, Math.round((now - Date.parse(data.at)) / 1_000))} s ago`}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Elsewhere({ items }: { items: readonly VmElsewhere[] }) {
  const rows = () => items.map((item) => ({ ...item, rung: item.rung ?? "" }));
  return (
    <Section title="Elsewhere" aside={<Export name="sandboxes-elsewhere" rows={rows} />}>
      <p className={styles.note}>Other processes have these; they can be reached only there.</p>
      <Table label="Sandboxes of other processes" columns={[{ name: "Node" }, { name: "Attempt" }, { name: "Agent" }, { name: "Rung" }, { name: "Since" }]}>
        {items.map((item) => (
          <tr key={`${item.run}/${item.attempt}`}>
            <td>{item.node}</td>
            <td>
              <Link to="/runs/$run/tickets/$ticket" params={{ run: item.run, ticket: item.ticket }}>
                {item.attempt}
              </Link>
            </td>
            <td>{item.agent}</td>
            <td>{item.rung ?? "not known"}</td>
            <td>
              <When at={item.since} />
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
