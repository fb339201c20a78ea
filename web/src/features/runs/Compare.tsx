import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import type { Parting, Run, RunDiff, TicketPair } from "~/api/generated/api";
import { run as runQuery, runs, spec } from "~/api/work";
import { Export } from "~/parts/Export";
import { capital, count, length, moment, money, plural, short } from "~/parts/format";
import { Page, Section } from "~/parts/Page";
import { Progress } from "~/parts/Progress";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Compare.module.css";
import { comparison } from "./queries";

const Diff = lazy(() => import("~/parts/Diff").then(({ Diff }) => ({ default: Diff })));
const route = getRouteApi("/inside/runs/$run/compare/$other");

/** Two runs side by side: what they came to, where they part, and the code. Of a replay: whether it proves its run. */
export function Compare() {
  const { run, other } = route.useParams();
  const [first, second] = [useQuery(runQuery(run)), useQuery(runQuery(other))];
  const of = useQuery({ ...spec(first.data?.spec ?? ""), enabled: first.data !== undefined });
  const error = first.error ?? second.error;
  return (
    <Page
      title="Two runs compared"
      above={
        <>
          <Link to="/runs">Runs</Link> /{" "}
          <Link to="/runs/$run" params={{ run }} search={{ view: "steps" }}>
            {of.data?.spec.title ?? "Run"}
          </Link>
        </>
      }
      actions={first.data ? <Others run={first.data} other={other} /> : null}
    >
      {first.data && second.data ? (
        <Both key={`${run} ${other}`} first={first.data} second={second.data} />
      ) : error ? (
        <Trouble problem={error} again={() => void Promise.all([first.refetch(), second.refetch()])} />
      ) : (
        <Waiting what="Loading the runs" lines={6} />
      )}
    </Page>
  );
}

function Others({ run, other }: { run: Run; other: string }) {
  const navigate = useNavigate();
  const { data } = useQuery(runs);
  const items = (data?.items ?? []).filter(({ id, project }) => id !== run.id && (project === run.project || id === other));
  return (
    <NativeSelect
      size="xs"
      aria-label="Compared with"
      value={other}
      onChange={(event) => void navigate({ to: "/runs/$run/compare/$other", params: { run: run.id, other: event.currentTarget.value } })}
    >
      {[...items]
        .sort((a, b) => b.started_at.localeCompare(a.started_at))
        .map((one) => (
          <option key={one.id} value={one.id}>
            with {nameOf(one, run.id)}, {moment(one.started_at)}
          </option>
        ))}
    </NativeSelect>
  );
}

/** What one run is to another. */
function nameOf({ id, options: { origin } }: Run, to: string): string {
  if (origin?.run !== to) return short(id);
  return origin.live ? `its fork from step ${origin.at}` : "its replay";
}

function Both({ first, second }: { first: Run; second: Run }) {
  const works = [first, second].find(({ state }) => state.state === "running");
  const { data, error, refetch } = useQuery({ ...comparison(first.id, second.id), enabled: works === undefined });
  const isReplay = second.options.origin?.run === first.id && !second.options.origin.live;
  if (works) {
    return (
      <div className={styles.verdict} role="status">
        <p>
          <strong>{isReplay ? "It is being played again" : `${short(works.id)} still works`}</strong>
        </p>
        <p>They are compared as soon as it has settled.</p>
        {works.tickets ? <Progress counts={works.tickets} /> : null}
      </div>
    );
  }
  if (!data) return error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Comparing them" lines={6} />;
  return (
    <>
      <Verdict diff={data} isReplay={isReplay} />
      <Sides diff={data} names={["First", capital(second.options.origin?.run === first.id ? nameOf(second, first.id) : "second")]} />
      {data.differences.length > 0 ? <Differences diff={data} /> : null}
      {data.parting ? <Parts parting={data.parting} runs={[first.id, second.id]} same={data.same} /> : null}
      <Tickets diff={data} />
      {data.code && data.code.text !== "" ? (
        <Section title="The code, from the first to the second">
          {data.code.truncated ? <p className={styles.note}>There is more than what is shown.</p> : null}
          <Suspense fallback={<Waiting what="Loading the code" />}>
            <Diff text={data.code.text} />
          </Suspense>
        </Section>
      ) : null}
    </>
  );
}

function Verdict({ diff, isReplay }: { diff: RunDiff; isReplay: boolean }) {
  const { same } = diff;
  return (
    <div className={styles.verdict} data-found={same ? "good" : isReplay ? "bad" : "other"} role="status">
      <p>
        <strong>
          {same
            ? isReplay
              ? "The replay proves the run"
              : "Both came to the same"
            : isReplay
              ? "The replay does not prove the run"
              : `They differ in ${plural(diff.differences.length, "result")}`}
        </strong>
      </p>
      <p>
        {same
          ? "The states of the tickets, the outcomes and findings of the attempts, the trees of what was merged, and what each command said are the same."
          : "What is not the same stands below. Times and the names of commits do not count."}
      </p>
    </div>
  );
}

function Sides({ diff: { first, second }, names }: { diff: RunDiff; names: readonly [string, string] }) {
  const sides = [first, second] as const;
  const rows: readonly (readonly [string, (side: RunDiff["first"]) => ReactNode])[] = [
    ["State", (side) => <StateMark state={side.state.state} />],
    ["Time", (side) => (side.millis == null ? "still works" : length(side.millis))],
    ["Spent", (side) => money(side.spend.usd)],
    ["Tokens", (side) => count(side.spend.tokens_in + side.spend.tokens_out)],
    ["Model calls", (side) => count(side.spend.calls)],
    ["Models", (side) => side.options.models?.join(", ") || "the agents' own"],
    ["Head", (side) => (side.head ? <code title={side.head}>{side.head.slice(0, 10)}</code> : "none")],
    ["Tree", (side) => (side.tree ? <code title={side.tree}>{side.tree.slice(0, 10)}</code> : "none")],
  ];
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="The two runs">
      <table className={styles.table} data-narrow>
        <thead>
          <tr>
            <td />
            {sides.map((side, at) => (
              <th key={at} scope="col">
                {names[at]}{" "}
                <Link to="/runs/$run" params={{ run: side.run }} title={side.run}>
                  {short(side.run)}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, shown]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {sides.map((side, at) => (
                <td key={at}>{shown(side)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Differences({ diff }: { diff: RunDiff }) {
  const rows = () => diff.differences.map(({ ticket, what, first, second }) => ({ ticket: ticket ?? "", what, first: first ?? "", second: second ?? "" }));
  return (
    <Section title="What differs" aside={<Export name={`differences-${diff.first.run}-${diff.second.run}`} rows={rows} />}>
      <div className={styles.scroll} tabIndex={0} role="group" aria-label="What differs">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Ticket</th>
              <th scope="col">What</th>
              <th scope="col">First</th>
              <th scope="col">Second</th>
            </tr>
          </thead>
          <tbody>
            {diff.differences.map(({ ticket, what, first, second }, at) => (
              <tr key={at}>
                <td>{ticket ?? "the run"}</td>
                <td>{what}</td>
                <td>{first ?? <span className={styles.none}>no such thing</span>}</td>
                <td>{second ?? <span className={styles.none}>no such thing</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Parts({ parting, runs, same }: { parting: Parting; runs: readonly [string, string]; same: boolean }) {
  const sides = [
    { at: parting.first, text: parting.first_text, run: runs[0], name: "First" },
    { at: parting.second, text: parting.second_text, run: runs[1], name: "Second" },
  ];
  return (
    <Section title="Where they part">
      <p className={styles.note}>
        {parting.step}
        {same ? "; it had no consequence." : ""}
      </p>
      <div className={styles.sides}>
        {sides.map(({ at, text, run, name }) => (
          <div key={name}>
            <h3>
              {name}
              {at == null ? null : (
                <>
                  ,{" "}
                  <Link to="/runs/$run" params={{ run }} search={{ view: "steps", step: at }}>
                    step {at}
                  </Link>
                </>
              )}
            </h3>
            <pre className={styles.said} tabIndex={0}>
              {at == null ? "It has no such step." : text || "it said nothing"}
            </pre>
          </div>
        ))}
      </div>
    </Section>
  );
}

function Tickets({ diff }: { diff: RunDiff }) {
  const rows = () =>
    diff.tickets.map(({ ticket, title, first, second }) => ({
      ticket,
      title,
      first_state: first?.state.state ?? "",
      second_state: second?.state.state ?? "",
      first_attempts: first?.attempts ?? "",
      second_attempts: second?.attempts ?? "",
      first_usd: first ? first.spend.usd / 1e6 : "",
      second_usd: second ? second.spend.usd / 1e6 : "",
      first_millis: first?.millis ?? "",
      second_millis: second?.millis ?? "",
    }));
  return (
    <Section title="Tickets" aside={<Export name={`tickets-${diff.first.run}-${diff.second.run}`} rows={rows} />}>
      <div className={styles.scroll} tabIndex={0} role="group" aria-label="Tickets of both">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Ticket</th>
              <th scope="col">First</th>
              <th scope="col">Second</th>
            </tr>
          </thead>
          <tbody>
            {diff.tickets.map((pair) => (
              <tr key={pair.ticket}>
                <td>
                  <code>{pair.ticket}</code> {pair.title}
                </td>
                <td>
                  <Side side={pair.first} />
                </td>
                <td>
                  <Side side={pair.second} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Side({ side }: { side: TicketPair["first"] }) {
  if (!side) return <span className={styles.none}>no such ticket</span>;
  return (
    <span className={styles.facts}>
      <StateMark state={side.state.state} />
      <span>{plural(side.attempts, "attempt")}</span>
      <span>{length(side.millis)}</span>
      <span>{money(side.spend.usd)}</span>
    </span>
  );
}
