import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Run } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { projects, run as runQuery, runs, specs } from "~/api/work";
import { title } from "~/parts/question";
import { waiting } from "~/api/approvals";
import { age, count, length, money, plural } from "~/parts/format";
import { Page, Section } from "~/parts/Page";
import { Progress } from "~/parts/Progress";
import { RiskMark } from "~/parts/RiskMark";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { useNow } from "~/live/store";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Home.module.css";
import { alerts, fleet } from "./queries";
import { Start } from "./Start";

/** How many of each are shown here; the pages behind have them all. */
const SHOWN = 6;

/** What needs somebody first, what runs, what it costs, and where something new begins. */
export function Home() {
  const { data: who } = useQuery(me);
  const all = useQuery(runs);
  const known = useQuery(projects);
  const asked = useQuery(waiting);
  const raised = useQuery(alerts);
  const error = all.error ?? known.error;
  const stuck = (all.data?.items ?? []).filter(({ state }) => state.state === "needs_person");
  const running = (all.data?.items ?? []).filter(({ state }) => state.state === "running");
  const going = (raised.data?.items ?? []).filter(({ ended_at }) => !ended_at);
  const wants = (asked.data?.items.length ?? 0) + stuck.length + going.length;
  return (
    <Page title="Home" about="What needs you stands first. To begin something new, paste a spec or take the example: you see the tickets and the price before an agent works.">
      {error && !all.data ? <Trouble problem={error} again={() => void Promise.all([all.refetch(), known.refetch()])} /> : null}
      {all.isPending ? <Waiting lines={5} /> : null}
      {all.data && known.data ? (
        <div className={styles.columns}>
          <div className={styles.main}>
            {wants > 0 ? (
              <Section title="Needs you" aside={plural(wants, "thing")}>
                <ul className={styles.rows}>
                  {going.map((alert) => (
                    <li key={alert.kind} className={styles.alert}>
                      <span className={styles.rowTitle}>{alert.words}</span>
                      <span className={styles.facts}>
                        alert since <When at={alert.raised_at} bare />
                      </span>
                    </li>
                  ))}
                  {(asked.data?.items ?? []).slice(0, SHOWN).map((item) => (
                    <li key={item.id}>
                      <Link to="/approvals/$interrupt" params={{ interrupt: item.id }} className={styles.row}>
                        <span className={styles.rowTitle}>{title(item)}</span>
                        <span className={styles.facts}>
                          <RiskMark risk={item.risk} />
                          <span>{item.project}</span>
                          <span>
                            asked <When at={item.raised_at} />
                          </span>
                        </span>
                      </Link>
                    </li>
                  ))}
                  {stuck.slice(0, SHOWN).map((run) => (
                    <Stuck key={run.id} run={run} />
                  ))}
                </ul>
              </Section>
            ) : null}
            {may(who, "runs:write") && all.data.items.length === 0 ? (
              <Link to="/welcome" search={{}} className={styles.row}>
                <span className={styles.rowTitle}>First steps</span>
                <span className={styles.facts}>Nothing was run here yet: see to a model and a repository, and take the example.</span>
              </Link>
            ) : null}
            {may(who, "runs:write") && may(who, "specs:write") ? <Start known={known.data.items} first={all.data.items.length === 0} /> : null}
            {running.length > 0 ? (
              <Section title="Running" aside={plural(running.length, "run")}>
                <ul className={styles.cards}>
                  {running.slice(0, SHOWN).map((run) => (
                    <Running key={run.id} run={run} />
                  ))}
                </ul>
              </Section>
            ) : null}
            {wants === 0 && running.length === 0 && all.data.items.length > 0 ? (
              <p className={styles.calm}>Nothing needs you, and nothing runs.</p>
            ) : null}
          </div>
          <Figures />
        </div>
      ) : null}
    </Page>
  );
}

function useSpecTitle(run: Run): string {
  const { data } = useQuery(specs);
  return data?.items.find(({ id }) => id === run.spec)?.title ?? run.project;
}

function Stuck({ run }: { run: Run }) {
  const name = useSpecTitle(run);
  if (run.state.state !== "needs_person") return null;
  return (
    <li>
      <Link to="/runs/$run" params={{ run: run.id }} className={styles.row}>
        <span className={styles.rowTitle}>{name}</span>
        <StateMark state="needs_person" label={run.state.problem.detail} />
        <span className={styles.facts}>{run.state.problem.next}</span>
      </Link>
    </li>
  );
}

function Running({ run }: { run: Run }) {
  const name = useSpecTitle(run);
  const now = useNow();
  // The list has no counts.
  const { data } = useQuery(runQuery(run.id));
  const counts = data?.tickets;
  return (
    <li className={styles.card}>
      <Link to="/runs/$run" params={{ run: run.id }} className={styles.rowTitle}>
        {name}
      </Link>
      {counts ? <Progress counts={counts} /> : null}
      <p className={styles.facts}>
        <span>{run.project}</span>
        <span>for {length(Math.max(0, now - Date.parse(run.started_at)))}</span>
        <span>{money(run.spend.usd)}</span>
        <span>{plural(run.spend.calls, "call")}</span>
      </p>
    </li>
  );
}

/** What was done lately, and at what price. */
function Figures() {
  const { data } = useQuery(fleet);
  const now = useNow(10_000);
  if (!data) return null;
  const { work, queue, budget } = data;
  const rows: [string, string][] = [
    ["Spent", money(work.usd)],
    ["Model calls", count(work.calls)],
    ["Merged", plural(work.merged, "ticket")],
    ["Working", plural(queue.working, "agent")],
    ["Waiting", plural(queue.waiting, "attempt")],
  ];
  if (budget) rows.push(["Budget used", `${budget.used_percent} %`]);
  return (
    <aside className={styles.figures} aria-label={`The last ${length(data.window_seconds * 1_000)}`}>
      <h2>The last {length(data.window_seconds * 1_000)}</h2>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>looked at {age(Math.max(0, now - Date.parse(data.at)))} {now - Date.parse(data.at) < 5_000 ? "" : "ago"}</p>
    </aside>
  );
}
