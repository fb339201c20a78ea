import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import type { Run } from "~/api/generated/api";
import { overview } from "~/api/fleet";
import { runs } from "~/api/work";
import { useNow } from "~/live/store";
import { Export } from "~/parts/Export";
import { count, money } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import { Table } from "~/parts/Table";
import tabs from "~/parts/Tabs.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { type Group, daysOf, grouped, NOTHING, plus, since } from "./days";
import { Expected } from "./Expected";
import { Quotas } from "./Quotas";
import { DAYS, type Shown } from "./shown";
import styles from "./Usage.module.css";

const Chart = lazy(() => import("~/parts/Chart").then(({ Chart }) => ({ default: Chart })));
const route = getRouteApi("/inside/usage");

/** What the work cost: over time, by project, by agent and model, and beside what may be spent. */
export function Usage() {
  const shown = route.useSearch();
  const { data, error, isPending, refetch } = useQuery(runs);
  return (
    <Page title="Usage" about="What models took, in money and tokens. Replies that are played back cost nothing, and their tokens count.">
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {isPending ? <Waiting what="Loading what was used" lines={6} /> : null}
      {data && data.items.length === 0 ? (
        <Nothing title="Nothing was used yet">
          <p>
            <Link to="/">Begin with a spec</Link>
          </p>
        </Nothing>
      ) : null}
      {data && data.items.length > 0 ? <Spent all={data.items} shown={shown} /> : null}
      {data && data.items.length > 0 ? <Expected all={data.items} of={shown.of} /> : null}
      <Quotas />
      <Arms />
    </Page>
  );
}

function Spent({ all, shown: { days = 30, of } }: { all: readonly Run[]; shown: Shown }) {
  const now = useNow(60_000);
  const lately = useMemo(() => since(all, days, now), [all, days, now]);
  const total = lately.reduce((sum, run) => plus(sum, run.spend), NOTHING);
  // Where nothing cost anything, the tokens are what there is to see.
  const what = of ?? (total.usd > 0 ? "usd" : "tokens");
  const word = what === "usd" ? money : count;
  const daily = useMemo(() => daysOf(all, days, now), [all, days, now]);
  const at = useMemo(() => daily.map((day) => day.at), [daily]);
  const series = useMemo(() => [{ name: what === "usd" ? "Cost" : "Tokens", colour: "--blue", values: daily.map(({ sum }) => sum[what]) }], [daily, what]);
  const projects = grouped(lately, ({ project }) => project);
  const rows = () => daily.map(({ at, sum }) => ({ day: new Date(at * 1_000).toISOString().slice(0, 10), usd: sum.usd / 1e6, tokens: sum.tokens, calls: sum.calls }));
  return (
    <>
      <div className={`${tabs.tabs} ${styles.choices}`}>
        <nav aria-label="For how long">
          {DAYS.map((choice) => (
            <Link key={choice} to="/usage" search={(before) => ({ ...before, days: choice })} replace resetScroll={false} className={tabs.tab} aria-current={choice === days ? "true" : undefined}>
              {choice} days
            </Link>
          ))}
        </nav>
        <nav aria-label="What is shown">
          {(["usd", "tokens"] as const).map((choice) => (
            <Link key={choice} to="/usage" search={(before) => ({ ...before, of: choice })} replace resetScroll={false} className={tabs.tab} aria-current={choice === what ? "true" : undefined}>
              {choice === "usd" ? "Cost" : "Tokens"}
            </Link>
          ))}
        </nav>
      </div>
      <dl className={styles.figures}>
        {(
          [
            ["Cost", money(total.usd)],
            ["Tokens", count(total.tokens)],
            ["Model calls", count(total.calls)],
            ["Runs", count(lately.length)],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Section title={what === "usd" ? "Cost by day" : "Tokens by day"} aside={<Export name="usage-by-day" rows={rows} />}>
        <Suspense fallback={<Waiting what="Loading the chart" lines={3} />}>
          <Chart label={`${what === "usd" ? "Cost" : "Tokens"} of each of the last ${days} days, in all ${word(total[what])}`} kind="bars" height={180} at={at} series={series} shown={word} />
        </Suspense>
        <p className={styles.note}>A run counts on the day that it began, in UTC. Planning counts only against quotas.</p>
      </Section>
      <Section title="By project" aside={<Export name="usage-by-project" rows={() => projects.map(rowOf)} />}>
        <Groups label="By project" first="Project" second="Runs" groups={projects} />
      </Section>
    </>
  );
}

function rowOf({ name, count, usd, tokens, calls }: Group) {
  return { name, count, usd: usd / 1e6, tokens, calls };
}

function Groups({ label, first, second, groups }: { label: string; first: string; second: string; groups: readonly Group[] }) {
  if (groups.length === 0) return <p className={styles.note}>Nothing in this time.</p>;
  return (
    <Table
      label={label}
      columns={[{ name: first }, { name: second, figure: true }, { name: "Cost", figure: true }, { name: "Tokens", figure: true }, { name: "Model calls", figure: true }]}
    >
      {groups.map((group) => (
        <tr key={group.name}>
          <td>{group.name}</td>
          <td data-figure>{count(group.count)}</td>
          <td data-figure>{money(group.usd)}</td>
          <td data-figure>{count(group.tokens)}</td>
          <td data-figure>{count(group.calls)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** By agent and by model: all attempts that have ended, since the beginning. */
function Arms() {
  const { data, error, refetch } = useQuery(overview);
  if (!data) return error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading agents and models" lines={3} />;
  const { arms } = data.work;
  if (arms.length === 0) return null;
  const of = (name: (arm: (typeof arms)[number]) => string) =>
    grouped(arms, name).map((group) => ({ ...group, count: arms.filter((arm) => name(arm) === group.name).reduce((sum, arm) => sum + arm.attempts, 0) }));
  const [agents, models] = [of(({ arm }) => arm.agent), of(({ arm }) => arm.model)];
  const saved = data.cache.filter(({ hits }) => hits > 0);
  return (
    <>
      <Section title="By agent, since the beginning" aside={<Export name="usage-by-agent" rows={() => agents.map(rowOf)} />}>
        <Groups label="By agent" first="Agent" second="Attempts" groups={agents} />
      </Section>
      <Section title="By model, since the beginning" aside={<Export name="usage-by-model" rows={() => models.map(rowOf)} />}>
        <Groups label="By model" first="Model" second="Attempts" groups={models} />
        <p className={styles.note}>Attempts that have ended, by the model that each began with.</p>
      </Section>
      {saved.length > 0 ? (
        <Section title="Spared by the cache" aside={<Export name="usage-cache" rows={() => saved.map(({ caller, hits, missed, saved }) => ({ caller, hits, missed, usd: saved.usd / 1e6, tokens: saved.tokens_in + saved.tokens_out }))} />}>
          <Table label="Spared by the cache" columns={[{ name: "Agent" }, { name: "Answered", figure: true }, { name: "Asked", figure: true }, { name: "Cost spared", figure: true }, { name: "Tokens spared", figure: true }]}>
            {saved.map(({ caller, hits, missed, saved }) => (
              <tr key={caller}>
                <td>{caller}</td>
                <td data-figure>{count(hits)}</td>
                <td data-figure>{count(hits + missed)}</td>
                <td data-figure>{money(saved.usd)}</td>
                <td data-figure>{count(saved.tokens_in + saved.tokens_out)}</td>
              </tr>
            ))}
          </Table>
        </Section>
      ) : null}
    </>
  );
}
