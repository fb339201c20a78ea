import { Button } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { TicketSummary, VmList } from "~/api/generated/api";
import { waiting } from "~/api/approvals";
import { vms } from "~/api/fleet";
import { me, may } from "~/api/session";
import { runs, specs, tickets } from "~/api/work";
import { useNow } from "~/live/store";
import { Export } from "~/parts/Export";
import { length, money, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Agents.module.css";
import { demand, ticket as ticketQuery } from "./queries";
import { rank } from "./standing";
import { Loops } from "./Loops";
import { Records } from "./Records";
import { Stop } from "./Stop";
import { isHeld, type Work, workOf } from "./work";

/** Of so many tickets the steps are asked for; more agents than that work nowhere yet. */
const LOOKED_INTO = 100;

/** Who works on what, those in trouble first. */
export function Agents() {
  const all = useQuery(runs);
  const running = (all.data?.items ?? []).filter(({ state }) => state.state === "running" || state.state === "needs_person");
  const lists = useQueries({ queries: running.map(({ id }) => tickets(id)) });
  const held = running.flatMap((run, at) => (lists[at]?.data?.items ?? []).filter(isHeld).map((ticket) => ({ run, ticket })));
  const details = useQueries({ queries: held.slice(0, LOOKED_INTO).map(({ run, ticket }) => ticketQuery(run.id, ticket.id)) });
  const asked = useQuery(waiting);
  const sandboxes = useQuery(vms);
  const { data: known } = useQuery(specs);
  const now = useNow();
  const [stopping, setStopping] = useState<TicketSummary>();
  const work = held
    .map(({ run, ticket }, at) => {
      const question = asked.data?.items.find((item) => item.run === run.id && item.ticket === ticket.id);
      return workOf(run, ticket, details[at]?.data, question?.id, now);
    })
    .sort((a, b) => rank(a.standing) - rank(b.standing));
  const error = all.error ?? lists.find((list) => list.error && !list.data)?.error;
  const isPending = all.isPending || lists.some((list) => list.isPending);
  const title = (one: Work) => known?.items.find(({ id }) => id === one.run.spec)?.title ?? one.run.project;
  const rows = () =>
    work.map((one) => ({
      run: one.run.id,
      ticket: one.ticket.id,
      title: one.ticket.title,
      standing: one.standing,
      agent: one.agent,
      model: one.model,
      attempt: one.attempt,
      doing: one.doing,
      began: one.began,
      heard: one.heard,
      usd: one.ticket.spend.usd / 1e6,
      tokens: one.ticket.spend.tokens_in + one.ticket.spend.tokens_out,
    }));
  return (
    <Page title="Agents" about="Who works on what just now, and whoever is in trouble first." actions={work.length > 0 ? <Export name="agents" rows={rows} /> : null}>
      {error ? <Trouble problem={error} again={() => void Promise.all([all.refetch(), ...lists.map((list) => list.refetch())])} /> : null}
      {isPending && !error ? <Waiting what="Loading the agents" lines={5} /> : null}
      <Loops />
      {!isPending && !error && work.length === 0 ? (
        <Nothing title="No agent is at work">
          <p>
            {running.length > 0 ? "What runs waits for its turn, or for an answer. " : ""}
            <Link to="/">Begin with a spec</Link>
          </p>
        </Nothing>
      ) : null}
      {work.length > 0 ? (
        <ul className={styles.list} aria-label="At work">
          {work.map((one) => (
            <Row key={`${one.run.id}/${one.ticket.id}`} work={one} title={title(one)} now={now} sandboxes={sandboxes.data} stop={setStopping} />
          ))}
        </ul>
      ) : null}
      <div className={styles.queue}>{running.length > 0 ? <Queue /> : null}</div>
      <Records />
      {stopping ? <Stop ticket={stopping} close={() => setStopping(undefined)} /> : null}
    </Page>
  );
}

interface Props {
  work: Work;
  title: string;
  now: number;
  sandboxes: VmList | undefined;
  stop: (ticket: TicketSummary) => void;
}

function Row({ work, title, now, sandboxes, stop }: Props) {
  const { data: who } = useQuery(me);
  const { run, ticket, standing } = work;
  return (
    <li data-standing={standing}>
      <StateMark state={standing} {...(work.question ? { label: "Waits for you" } : {})} />
      <span className={styles.what}>
        <Link to="/runs/$run/tickets/$ticket" params={{ run: run.id, ticket: ticket.id }} className={styles.title}>
          {ticket.title}
        </Link>
        <span className={styles.doing}>{work.doing}</span>
        <span className={styles.facts}>
          <code>{ticket.id}</code>
          <span>
            {work.agent || "nobody yet"}
            {work.number > 1 ? `, attempt ${work.number}` : ""}
          </span>
          {work.model ? (
            <span className={styles.model} title={work.model}>
              {work.model}
            </span>
          ) : null}
          <Link to="/runs/$run" params={{ run: run.id }}>
            {title}
          </Link>
        </span>
      </span>
      <span className={styles.figures}>
        <span>
          <strong>{money(ticket.spend.usd)}</strong>
        </span>
        {work.began ? <span>for {length(Math.max(0, now - Date.parse(work.began)))}</span> : null}
        <span>
          heard <When at={work.heard} />
        </span>
      </span>
      <span className={styles.actions}>
        <Where work={work} sandboxes={sandboxes} />
        {work.question ? (
          <Link to="/approvals/$interrupt" params={{ interrupt: work.question }}>
            Answer
          </Link>
        ) : null}
        {may(who, "runs:write") ? (
          <Button size="xs" aria-label={`Stop ${ticket.id}`} onClick={() => stop(ticket)}>
            Stop
          </Button>
        ) : null}
      </span>
    </li>
  );
}

/** Where it works: its sandbox here, or who has it elsewhere. */
function Where({ work: { run, ticket, attempt }, sandboxes }: { work: Work; sandboxes: VmList | undefined }) {
  const isIts = (one: { run?: string | null; ticket?: string | null; attempt?: string | null }) =>
    one.run === run.id && one.ticket === ticket.id && (!attempt || one.attempt === attempt);
  const here = sandboxes?.items.find(isIts);
  if (here) {
    return (
      <Link to="/sandboxes/$vm" params={{ vm: here.id }}>
        Sandbox
      </Link>
    );
  }
  const elsewhere = sandboxes?.elsewhere.find(isIts);
  return elsewhere ? <span>on {elsewhere.node}</span> : null;
}

/** What waits for hands, and until when that may take. */
function Queue() {
  const { data } = useQuery(demand);
  if (!data) return null;
  if (data.waiting === 0) return <p className={styles.note}>No ticket waits for an agent.</p>;
  return (
    <p className={styles.note}>
      {plural(data.waiting, "ticket")} {data.waiting === 1 ? "waits" : "wait"} for an agent, the oldest for {length(data.oldest_waiting_seconds * 1_000)}.
      {data.predicted_minutes == null ? "" : ` They are worked off in some ${length(Math.max(1, data.predicted_minutes) * 60_000)}.`}
    </p>
  );
}
