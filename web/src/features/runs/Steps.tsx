import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client, take } from "~/api/client";
import type { Event, Run } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { isTyping } from "~/app/shell/keys";
import { runs, tickets } from "~/api/work";
import { Export } from "~/parts/Export";
import { count, moment, money, plural, short } from "~/parts/format";
import { news } from "~/parts/news";
import { Nothing } from "~/parts/Nothing";
import { Progress } from "~/parts/Progress";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { Fork } from "./Fork";
import { step as stepQuery } from "./queries";
import styles from "./Steps.module.css";
import { knownAt, STEPS, stepsOf } from "./travel";
import { useHistory } from "./useHistory";

const route = getRouteApi("/inside/runs/$run");
/** The height of a line, in pixels; it stands in Steps.module.css too. */
const LINE = 52;

/** The steps of a run, what was known at each, and what can begin from it. */
export function Steps({ run }: { run: Run }) {
  const { step, ticket } = route.useSearch();
  const { data, isPending, error, refetch } = useHistory(run.id);
  const known = useQuery(tickets(run.id));
  const events = data?.events;
  const steps = useMemo(() => stepsOf(events ?? [], ticket), [events, ticket]);
  const open = steps.find(({ seq }) => seq === step);
  useMoving(run.id, steps, step);
  if (isPending) return <Waiting what="Loading the steps" lines={8} />;
  if (error && !data) return <Trouble problem={error} again={() => void refetch()} />;
  return (
    <>
      <Again run={run} />
      <div className={styles.split} data-open={open ? true : undefined}>
        <section className={styles.side} aria-label="The steps">
          <Which run={run.id} items={known.data?.items ?? []} ticket={ticket} steps={steps} />
          {steps.length === 0 ? <Nothing title="No step was made yet" /> : <List run={run.id} steps={steps} step={step} ticket={ticket} />}
          {data?.cut ? <p className={styles.cut}>Only the first {count(data.events.length)} events are read here.</p> : null}
        </section>
        <section className={styles.detail} aria-label="The step">
          {open ? (
            <Detail key={open.seq} run={run} event={open} events={events ?? []} ids={(known.data?.items ?? []).map(({ id }) => id)} />
          ) : steps.length > 0 ? (
            <Nothing title={step === undefined ? "Choose a step to see what was known at it" : "There is no such step here"}>
              <p>
                <kbd>J</kbd> opens the first.
              </p>
            </Nothing>
          ) : null}
        </section>
      </div>
    </>
  );
}

/** J and K go through the steps. */
function useMoving(run: string, steps: readonly Event[], step: number | undefined) {
  const navigate = useNavigate();
  const { ticket } = route.useSearch();
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key !== "j" && event.key !== "k") return;
      const at = steps.findIndex(({ seq }) => seq === step);
      const to = steps[at < 0 ? 0 : at + (event.key === "j" ? 1 : -1)];
      if (!to) return;
      void navigate({ to: "/runs/$run", params: { run }, search: { view: "steps", step: to.seq, ticket }, replace: step !== undefined, resetScroll: false });
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [navigate, run, steps, step, ticket]);
}

interface WhichProps {
  run: string;
  items: readonly { id: string; title: string }[];
  ticket: string | undefined;
  steps: readonly Event[];
}

function Which({ run, items, ticket, steps }: WhichProps) {
  const navigate = useNavigate();
  return (
    <div className={styles.which}>
      <NativeSelect
        size="xs"
        aria-label="Whose steps"
        value={ticket ?? ""}
        onChange={(event) =>
          void navigate({ to: "/runs/$run", params: { run }, search: { view: "steps", ticket: event.currentTarget.value || undefined }, replace: true, resetScroll: false })
        }
      >
        <option value="">Every ticket</option>
        {items.map(({ id, title }) => (
          <option key={id} value={id}>
            {id}, {title}
          </option>
        ))}
      </NativeSelect>
      {steps.length > 0 ? <Export name={`steps-${run}`} rows={() => steps.map(rowOf)} /> : null}
    </div>
  );
}

function rowOf(event: Event) {
  return {
    step: event.seq,
    at: event.at,
    kind: STEPS[event.body.type] ?? "",
    ticket: event.subject.ticket ?? "",
    attempt: event.subject.attempt ?? "",
    text: news(event).text,
  };
}

function List({ run, steps, step, ticket }: { run: string; steps: readonly Event[]; step: number | undefined; ticket: string | undefined }) {
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    getItemKey: useCallback((at: number) => steps[at]?.seq ?? at, [steps]),
    overscan: 6,
    useFlushSync: false,
  });
  const at = steps.findIndex(({ seq }) => seq === step);
  useEffect(() => {
    if (at >= 0) lines.scrollToIndex(at, { align: "auto" });
  }, [at, lines]);
  return (
    <div className={styles.scroller} ref={scroller} tabIndex={0} role="group" aria-label={plural(steps.length, "step")}>
      <ol className={styles.list} style={{ height: lines.getTotalSize() }}>
        {lines.getVirtualItems().map(({ index, start }) => {
          const event = steps[index];
          if (!event) return null;
          const { text, tone } = news(event);
          return (
            <li key={event.seq} style={{ transform: `translateY(${start}px)` }}>
              <Link
                to="/runs/$run"
                params={{ run }}
                search={{ view: "steps", step: event.seq, ticket }}
                replace={step !== undefined}
                resetScroll={false}
                className={styles.line}
                data-tone={tone}
                aria-current={event.seq === step ? "step" : undefined}
              >
                <span className={styles.about}>
                  <code>{event.seq}</code>
                  <span>{STEPS[event.body.type]}</span>
                  <code>{event.subject.ticket}</code>
                </span>
                <span className={styles.text}>{text}</span>
              </Link>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Detail({ run, event, events, ids }: { run: Run; event: Event; events: readonly Event[]; ids: readonly string[] }) {
  const { data: who } = useQuery(me);
  const { data, error, refetch } = useQuery(stepQuery(run.id, event.seq));
  const known = useMemo(() => knownAt(events, event.seq, ids), [events, event.seq, ids]);
  const [forking, setForking] = useState(false);
  return (
    <>
      <header className={styles.head}>
        <div>
          <Link to="/runs/$run" params={{ run: run.id }} search={{ view: "steps" }} className={styles.back} resetScroll={false}>
            All steps
          </Link>
          <h2>
            Step {event.seq}, {STEPS[event.body.type]}
          </h2>
          <p className={styles.facts}>
            {event.subject.ticket ? (
              <Link to="/runs/$run/tickets/$ticket" params={{ run: run.id, ticket: event.subject.ticket }}>
                {event.subject.attempt ?? event.subject.ticket}
              </Link>
            ) : null}
            <time dateTime={event.at}>{moment(event.at)}</time>
          </p>
        </div>
        {may(who, "runs:write") && data ? (
          <Button variant="filled" size="xs" onClick={() => setForking(true)}>
            Fork from here
          </Button>
        ) : null}
      </header>
      {data ? (
        <pre className={styles.said} tabIndex={0}>
          {data.text || "it said nothing"}
        </pre>
      ) : error ? (
        <Trouble problem={error} again={() => void refetch()} />
      ) : (
        <Waiting what="Loading the step" lines={3} />
      )}
      <h3 className={styles.then}>What was known then</h3>
      <Progress counts={known.counts} />
      <dl className={styles.figures}>
        {known.state ? (
          <div>
            <dt>{event.subject.ticket}</dt>
            <dd>
              <StateMark state={known.state} />
            </dd>
          </div>
        ) : null}
        <div>
          <dt>Spent</dt>
          <dd>{money(known.usd)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>{count(known.tokens)}</dd>
        </div>
        <div>
          <dt>Model calls</dt>
          <dd>{count(known.calls)}</dd>
        </div>
        <div>
          <dt>Findings</dt>
          <dd>{count(known.findings)}</dd>
        </div>
        <div>
          <dt>Newest merge</dt>
          <dd>{known.head ? <code title={known.head}>{known.head.slice(0, 10)}</code> : "none"}</dd>
        </div>
      </dl>
      {data && forking ? <Fork run={run} step={data} close={() => setForking(false)} /> : null}
    </>
  );
}

/** What was made of the run by playing it again; and the ways to do that. */
function Again({ run }: { run: Run }) {
  const { data: who } = useQuery(me);
  const { data } = useQuery(runs);
  const navigate = useNavigate();
  const replay = useMutation({
    mutationFn: () => take(client.POST("/api/runs/{run}/replay", { params: { path: { run: run.id } } })),
    onSuccess: ({ id }) => navigate({ to: "/runs/$run/compare/$other", params: { run: run.id, other: id } }),
  });
  const others = (data?.items ?? []).filter(({ id, project }) => id !== run.id && project === run.project).sort((a, b) => b.started_at.localeCompare(a.started_at));
  const made = others.filter(({ options }) => options.origin?.run === run.id);
  const { origin } = run.options;
  return (
    <div className={styles.again}>
      <div className={styles.words}>
        {origin ? (
          <p>
            {origin.live ? `A fork, from step ${origin.at} of ` : "A replay of "}
            <Link to="/runs/$run" params={{ run: origin.run }} search={{ view: "steps", step: origin.live ? origin.at : undefined }}>
              {short(origin.run)}
            </Link>
            .{" "}
            <Link to="/runs/$run/compare/$other" params={{ run: origin.run, other: run.id }}>
              Compare the two
            </Link>
          </p>
        ) : (
          <p>All that models said is kept: the run can be played again without one, and begun again from any step.</p>
        )}
        {made.length > 0 ? (
          <ul className={styles.made}>
            {made.map((one) => (
              <li key={one.id}>
                <Link to="/runs/$run/compare/$other" params={{ run: run.id, other: one.id }}>
                  {one.options.origin?.live ? `Fork from step ${one.options.origin.at}` : "Replay"}
                </Link>{" "}
                <StateMark state={one.state.state} />
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {others.length > 0 ? (
        <NativeSelect
          size="xs"
          aria-label="Compare with another run"
          value=""
          onChange={(event) => void navigate({ to: "/runs/$run/compare/$other", params: { run: run.id, other: event.currentTarget.value } })}
        >
          <option value="" disabled>
            Compare with…
          </option>
          {others.map((one) => (
            <option key={one.id} value={one.id}>
              {short(one.id)}, {moment(one.started_at)}
            </option>
          ))}
        </NativeSelect>
      ) : null}
      {may(who, "runs:write") && run.state.state !== "running" ? (
        <Button size="xs" loading={replay.isPending} onClick={() => replay.mutate()}>
          Check by replay
        </Button>
      ) : null}
      {replay.isError ? <Trouble problem={replay.error} /> : null}
    </div>
  );
}
