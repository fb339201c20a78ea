import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { capital, count, plural, words } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Board.module.css";
import { arranged, type Card, COLUMNS, LANES, RISKS, shown } from "./cards";
import { type Filter, filterOf } from "./filter";
import { Frame } from "./Frame";
import type { Asked } from "./MoveDialog";
import { useCards } from "./useCards";

const MoveDialog = lazy(() => import("./MoveDialog").then(({ MoveDialog }) => ({ default: MoveDialog })));
const route = getRouteApi("/inside/board");

/** Every ticket of a run, or of all that run, by where it stands. */
export function Board() {
  const filter = route.useSearch();
  const { data: who } = useQuery(me);
  const { cards, runs, isUnknown, isPending, error, again } = useCards(filter.run);
  const [asked, setAsked] = useState<Asked>();
  const visible = useMemo(() => shown(cards, filter), [cards, filter]);
  const board = useMemo(() => arranged(visible, filter.lanes), [visible, filter.lanes]);
  return (
    <Page
      wide
      title="Board"
      about={<About filter={filter} all={cards.length} visible={visible.length} />}
      actions={
        <>
          {filter.run && !isUnknown ? (
            <>
              <Link to="/runs/$run" params={{ run: filter.run }} className={styles.to}>
                The run
              </Link>
              <Link to="/runs/$run" params={{ run: filter.run }} search={{ view: "graph" }} className={styles.to}>
                Its graph
              </Link>
            </>
          ) : null}
          {visible.length > 0 ? <Export name={filter.run ? `board-${filter.run}` : "board"} rows={() => visible.map(rowOf)} /> : null}
        </>
      }
    >
      <Filters filter={filter} runs={runs} />
      {isPending ? <Waiting what="Loading the tickets" lines={6} /> : null}
      {error ? <Trouble problem={error} again={again} /> : null}
      {!isPending && !error && visible.length === 0 ? <Empty filter={filter} isUnknown={isUnknown} none={cards.length === 0} /> : null}
      {visible.length > 0 ? <Frame board={board} single={filter.run !== undefined} mayMove={may(who, "runs:write")} ask={setAsked} /> : null}
      <Suspense>{asked ? <MoveDialog key={asked.card.key} asked={asked} close={() => setAsked(undefined)} /> : null}</Suspense>
    </Page>
  );
}

function About({ filter, all, visible }: { filter: Filter; all: number; visible: number }) {
  const of = filter.run ? "of this run" : "of every run under way";
  return (
    <>
      <p>The tickets by where they stand. A card can be moved by hand where it needs you, and what follows is said first.</p>
      <p>{all === visible ? `${plural(all, "ticket")} ${of}.` : `${count(visible)} of ${plural(all, "ticket")} ${of}.`}</p>
    </>
  );
}

function Empty({ filter, isUnknown, none }: { filter: Filter; isUnknown: boolean; none: boolean }) {
  if (isUnknown) {
    return (
      <Nothing title="There is no such run">
        <p>
          <Link to="/board" search={{}}>
            Show what is under way
          </Link>
        </p>
      </Nothing>
    );
  }
  if (!none) {
    return (
      <Nothing title="No ticket is like that">
        <p>
          <Link to="/board" search={{ run: filter.run, lanes: filter.lanes }}>
            Take every filter away
          </Link>
        </p>
      </Nothing>
    );
  }
  return filter.run ? (
    <Nothing title="No ticket has begun">
      <p>They appear here as soon as the plan is carried out.</p>
    </Nothing>
  ) : (
    <Nothing title="Nothing is under way">
      <p>
        Choose a run above, or <Link to="/">begin one</Link>.
      </p>
    </Nothing>
  );
}

function Filters({ filter, runs }: { filter: Filter; runs: ReturnType<typeof useCards>["runs"] }) {
  const navigate = useNavigate();
  const change = (part: Record<string, string>) => void navigate({ to: "/board", search: filterOf({ ...filter, ...part }), replace: true, resetScroll: false });
  const field = (name: keyof Filter) => ({
    size: "xs",
    value: filter[name] ?? "",
    onChange: (event: { currentTarget: { value: string } }) => change({ [name]: event.currentTarget.value }),
  });
  return (
    <search className={styles.filters}>
      <NativeSelect label="Run" {...field("run")}>
        <option value="">Every run under way</option>
        {runs.map(({ run, name }) => (
          <option key={run.id} value={run.id}>
            {name}, {words(run.state.state)}, {run.id.slice(-6)}
          </option>
        ))}
      </NativeSelect>
      <TextInput label="Find" type="search" placeholder="words of a ticket" autoComplete="off" spellCheck={false} {...field("text")} />
      <NativeSelect label="State" {...field("state")} data={[{ value: "", label: "any" }, ...COLUMNS.map((state) => ({ value: state, label: words(state) }))]} />
      <NativeSelect label="Risk" {...field("risk")} data={[{ value: "", label: "any" }, ...RISKS]} />
      <NativeSelect label="Lanes" {...field("lanes")} data={[{ value: "", label: "none" }, ...LANES.map((lanes) => ({ value: lanes, label: `by ${lanes}` }))]} />
    </search>
  );
}

function rowOf({ run, name, ticket, risk }: Card) {
  return {
    run: run.id,
    run_title: name,
    project: run.project,
    id: ticket.id,
    title: ticket.title,
    state: ticket.state.state,
    problem: ticket.state.state === "needs_person" ? capital(ticket.state.problem.detail) : "",
    risk: risk ?? "",
    requirements: ticket.requirements.join(" "),
    agent: ticket.agent ?? "",
    step: ticket.step ?? "",
    attempts: ticket.attempts,
    usd: ticket.spend.usd / 1e6,
    updated_at: ticket.updated_at,
  };
}
