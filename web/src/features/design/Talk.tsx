import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { question } from "~/api/approvals";
import type { InterruptDetail, InterruptSummary } from "~/api/generated/api";
import { useOutbox } from "~/api/outbox";
import { me, may } from "~/api/session";
import { ACTIONS, effect, ENDED, turnedDown } from "~/parts/answers";
import { short } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { title } from "~/parts/question";
import { RiskMark } from "~/parts/RiskMark";
import { Trouble } from "~/parts/Trouble";
import { Unsent } from "~/parts/Unsent";
import { useAnswering } from "~/parts/useAnswering";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Talk.module.css";
import type { Talk as Asked } from "./talk";

/** The most characters of an answer that the server takes. */
const MOST = 4_000;

/** What the server asked about the spec and its plans, what people said, and what waits for an answer. */
export function Talk({ talk: { items, isPending, error, again } }: { talk: Asked }) {
  if (error && items.length === 0) return <Trouble problem={error} again={again} />;
  if (isPending) return <Waiting what="Loading the questions" lines={5} />;
  if (items.length === 0) {
    return (
      <Nothing title="Nothing was asked">
        <p>Where your rules look at specs or plans, questions appear here as soon as a run begins, and are answered here.</p>
      </Nothing>
    );
  }
  return (
    <ol className={styles.talk} aria-label="Questions and answers">
      {items.map((item) => (
        <Question key={item.id} summary={item} />
      ))}
    </ol>
  );
}

/** A question, and beneath it what was answered or what can be. */
export function Question({ summary }: { summary: InterruptSummary }) {
  const { data, error, refetch } = useQuery(question(summary.id));
  return (
    <li className={styles.turn}>
      <div className={styles.asks}>
        <p className={styles.who}>
          <b>{title(summary)}</b>
          <span>
            <When at={summary.raised_at} />
          </span>
          {summary.state === "waiting" ? <RiskMark risk={summary.risk} /> : null}
        </p>
        {summary.why.map((why) => (
          <p key={why}>{why}</p>
        ))}
        {summary.kind === "clarification" && data?.interrupt.request.description ? <p className={styles.words}>{data.interrupt.request.description}</p> : null}
        {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
        <p className={styles.facts}>
          <Link to="/approvals/$interrupt" params={{ interrupt: summary.id }}>
            The whole question
          </Link>
          <Link to="/runs/$run" params={{ run: summary.run }}>
            {short(summary.run)}
          </Link>
        </p>
      </div>
      {data ? data.summary.state === "waiting" ? <Answer detail={data} /> : <Answered detail={data} /> : null}
    </li>
  );
}

function Answered({ detail: { summary, standing } }: { detail: InterruptDetail }) {
  return (
    <div className={styles.says}>
      <p className={styles.who}>
        <b>{standing.settled_by ?? "Nobody"}</b>
        {standing.settled_at ? (
          <span>
            <When at={standing.settled_at} />
          </span>
        ) : null}
      </p>
      <p className={styles.words}>{standing.words ?? ENDED[summary.state]}</p>
    </div>
  );
}

function Answer({ detail: { summary, interrupt } }: { detail: InterruptDetail }) {
  const { data: who } = useQuery(me);
  const unsent = useOutbox().find(({ id }) => id === summary.id);
  const respond = useAnswering(summary.id);
  const [words, setWords] = useState("");
  const { allow_accept, allow_respond } = interrupt.request.config;
  const said = words.trim();
  const more = summary.answers - summary.accepted_by.length > 1;
  if (unsent) {
    return (
      <div className={styles.says}>
        <Unsent unsent={unsent} />
      </div>
    );
  }
  if (!may(who, "gates:approve")) return <p className={styles.note}>It waits for an answer. Your role may look and not answer.</p>;
  return (
    <form
      className={styles.answer}
      onSubmit={(event) => {
        event.preventDefault();
        if (said !== "" && !respond.isPending) respond.mutate(turnedDown(words));
      }}
      onKeyDown={(event) => event.key === "Enter" && (event.metaKey || event.ctrlKey) && event.currentTarget.requestSubmit()}
    >
      {respond.isError ? <Trouble problem={respond.error} title="The answer was not taken" /> : null}
      {allow_respond ? (
        <Textarea
          label={summary.kind === "clarification" ? "What it means" : "Why not"}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={MOST}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      ) : null}
      <div className={styles.buttons}>
        <p>{effect(summary.kind, said === "" && allow_accept ? "accept" : "words", said === "" && more)}</p>
        {allow_respond ? (
          <Button type="submit" variant={said === "" ? "default" : "filled"} disabled={said === "" || respond.isPending}>
            {summary.kind === "clarification" ? "Answer" : "Reject with this reason"}
          </Button>
        ) : null}
        {allow_accept ? (
          <Button variant={said === "" ? "filled" : "default"} loading={respond.isPending} onClick={() => respond.mutate({ type: "accept" })}>
            {ACTIONS[summary.kind].accept}
          </Button>
        ) : null}
      </div>
    </form>
  );
}
