import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Run } from "~/api/generated/api";
import { run, spec } from "~/api/work";
import { useNow } from "~/live/store";
import { bytes, count, length, money } from "~/parts/format";
import { Page } from "~/parts/Page";
import { Progress } from "~/parts/Progress";
import { StateMark } from "~/parts/StateMark";
import tabs from "~/parts/Tabs.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { Cancel } from "./Cancel";
import { PullRequest } from "./PullRequest";
import styles from "./RunPage.module.css";
import { Tickets } from "./Tickets";
import { Timeline } from "./Timeline";

const Graph = lazy(() => import("./Graph").then(({ Graph }) => ({ default: Graph })));
const Steps = lazy(() => import("./Steps").then(({ Steps }) => ({ default: Steps })));
const route = getRouteApi("/inside/runs/$run");

const VIEWS = [
  ["tickets", "Tickets"],
  ["graph", "Graph"],
  ["timeline", "Timeline"],
  ["steps", "Steps"],
  ["result", "Result"],
] as const;

/** One run: how far it is, what it costs, and each of its tickets, live. */
export function RunPage() {
  const { run: id } = route.useParams();
  const { view = "tickets" } = route.useSearch();
  const { data, error, refetch } = useQuery(run(id));
  const of = useQuery({ ...spec(data?.spec ?? ""), enabled: data !== undefined });
  if (!data) {
    return (
      <Page title="Run">{error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading the run" lines={6} />}</Page>
    );
  }
  return (
    <Page
      title={of.data?.spec.title ?? data.project}
      above={<Link to="/runs">Runs</Link>}
      about={<About run={data} />}
      actions={data.state.state === "running" || data.state.state === "needs_person" ? <Cancel run={id} /> : null}
    >
      {data.state.state === "needs_person" ? <Needs problem={data.state.problem} /> : null}
      {data.warnings.map((warning) => (
        <p key={warning.code} className={styles.warning}>
          {warning.detail}
        </p>
      ))}
      {data.tickets ? <Progress counts={data.tickets} /> : null}
      <Figures run={data} />
      <nav className={tabs.tabs} aria-label="Views of the run">
        {VIEWS.map(([name, label]) => (
          <Link
            key={name}
            to="/runs/$run"
            params={{ run: id }}
            search={name === "tickets" ? {} : { view: name }}
            replace
            resetScroll={false}
            activeOptions={{ exact: name === "tickets", includeSearch: true }}
            className={tabs.tab}
          >
            {label}
          </Link>
        ))}
        <span className={styles.elsewhere}>
          <Link to="/board" search={{ run: id }} className={tabs.tab}>
            Board
          </Link>
          <Link to="/requirements" search={{ run: id }} className={tabs.tab}>
            Requirements
          </Link>
          <Link to="/runs/$run/review" params={{ run: id }} className={tabs.tab}>
            Review
          </Link>
        </span>
      </nav>
      {view === "tickets" ? <Tickets run={id} /> : null}
      {view === "graph" ? (
        <Suspense fallback={<Waiting what="Loading the graph" lines={6} />}>
          <Graph run={data} />
        </Suspense>
      ) : null}
      {view === "timeline" ? <Timeline run={id} /> : null}
      {view === "steps" ? (
        <Suspense fallback={<Waiting what="Loading the steps" lines={6} />}>
          <Steps run={data} />
        </Suspense>
      ) : null}
      {view === "result" ? <PullRequest run={data} /> : null}
    </Page>
  );
}

function About({ run }: { run: Run }) {
  return (
    <span className={styles.about}>
      <StateMark state={run.state.state} />
      <span>{run.project}</span>
      <span>
        began <When at={run.started_at} />
      </span>
      {run.branch ? <code>{run.branch}</code> : null}
    </span>
  );
}

function Needs({ problem }: { problem: { code: string; detail: string; next: string } }) {
  return (
    <div className={styles.needs}>
      <p>
        <strong>{problem.detail}</strong>
      </p>
      <p>{problem.next}</p>
      <code>{problem.code}</code>
    </div>
  );
}

function Figures({ run }: { run: Run }) {
  const now = useNow();
  const end = run.settled_at ? Date.parse(run.settled_at) : now;
  const { budget, max_parallel } = run.options;
  const rows: [string, string][] = [
    ["Time", length(Math.max(0, end - Date.parse(run.started_at)))],
    ["Spent", budget.usd == null ? money(run.spend.usd) : `${money(run.spend.usd)} of ${money(budget.usd)}`],
    ["Tokens", budget.tokens == null ? count(run.spend.tokens_in + run.spend.tokens_out) : `${count(run.spend.tokens_in + run.spend.tokens_out)} of ${count(budget.tokens)}`],
    ["Model calls", count(run.spend.calls)],
    ["Agents at once", count(max_parallel)],
  ];
  if (run.disk_bytes) rows.push(["Disk", bytes(run.disk_bytes)]);
  return (
    <dl className={styles.figures}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
