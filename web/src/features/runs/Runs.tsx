import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Run } from "~/api/generated/api";
import { run as runQuery, runs, specs } from "~/api/work";
import { useNow } from "~/live/store";
import { Export } from "~/parts/Export";
import { length, money, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { Progress } from "~/parts/Progress";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Runs.module.css";

/** The list has no counts of tickets: they are asked for, for so many of the newest. */
const COUNTED = 25;

/** Every run, the newest first. */
export function Runs() {
  const { data, isPending, error, refetch } = useQuery(runs);
  const { data: known } = useQuery(specs);
  const items = [...(data?.items ?? [])].sort((a, b) => b.started_at.localeCompare(a.started_at));
  const title = (run: Run) => known?.items.find(({ id }) => id === run.spec)?.title ?? run.project;
  const rows = () =>
    items.map((run) => ({
      id: run.id,
      title: title(run),
      project: run.project,
      state: run.state.state,
      usd: run.spend.usd / 1e6,
      tokens: run.spend.tokens_in + run.spend.tokens_out,
      started_at: run.started_at,
      settled_at: run.settled_at ?? "",
    }));
  return (
    <Page title="Runs" actions={items.length > 0 ? <Export name="runs" rows={rows} /> : null}>
      {isPending ? <Waiting what="Loading the runs" lines={6} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {data && items.length === 0 ? (
        <Nothing title="Nothing was run yet">
          <p>
            <Link to="/">Begin with a spec</Link>
          </p>
        </Nothing>
      ) : null}
      <ul className={styles.list}>
        {items.map((run, at) => (
          <li key={run.id}>
            <Row run={run} title={title(run)} counted={at < COUNTED} />
          </li>
        ))}
      </ul>
    </Page>
  );
}

function Row({ run, title, counted }: { run: Run; title: string; counted: boolean }) {
  const now = useNow(1_000);
  const { data } = useQuery({ ...runQuery(run.id), enabled: counted });
  const end = run.settled_at ? Date.parse(run.settled_at) : now;
  return (
    <Link to="/runs/$run" params={{ run: run.id }} className={styles.row}>
      <span className={styles.what}>
        <span className={styles.title}>{title}</span>
        <span className={styles.facts}>
          <StateMark state={run.state.state} />
          <span>{run.project}</span>
          <span>
            began <When at={run.started_at} />
          </span>
        </span>
      </span>
      <span className={styles.progress}>{data?.tickets ? <Progress counts={data.tickets} /> : null}</span>
      <span className={styles.figures}>
        <span>{length(Math.max(0, end - Date.parse(run.started_at)))}</span>
        <span>{money(run.spend.usd)}</span>
        <span>{plural(run.spend.calls, "call")}</span>
      </span>
    </Link>
  );
}
