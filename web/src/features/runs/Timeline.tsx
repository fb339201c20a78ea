import { useQuery } from "@tanstack/react-query";
import { Button } from "@mantine/core";
import { useState } from "react";
import type { Event } from "~/api/generated/api";
import { moment } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { step } from "./queries";
import { news, who } from "~/parts/news";
import styles from "./Timeline.module.css";
import { useHistory } from "./useHistory";

/** So many lines are shown at once; more on demand. */
const SHOWN = 200;

/** What happened, the newest first, and what happens. */
export function Timeline({ run, ticket }: { run: string; ticket?: string }) {
  const { data, isPending, error, refetch } = useHistory(run);
  const [shown, setShown] = useState(SHOWN);
  if (isPending) return <Waiting what="Loading what happened" lines={8} />;
  if (error && !data) return <Trouble problem={error} again={() => void refetch()} />;
  const events = (data?.events ?? []).filter((event) => ticket === undefined || event.subject.ticket === ticket).reverse();
  if (events.length === 0) return <Nothing title="Nothing has happened yet" />;
  return (
    <>
      {data?.cut ? <p className={styles.cut}>Only the first {data.events.length} events are shown here; the rest is in the record.</p> : null}
      <ol className={styles.timeline}>
        {events.slice(0, shown).map((event) => (
          <Line key={event.seq} event={event} run={run} withTicket={ticket === undefined} />
        ))}
      </ol>
      {events.length > shown ? (
        <Button size="xs" onClick={() => setShown(shown + SHOWN)}>
          Show {Math.min(SHOWN, events.length - shown)} more
        </Button>
      ) : null}
    </>
  );
}

function Line({ event, run, withTicket }: { event: Event; run: string; withTicket: boolean }) {
  const { text, tone, opens } = news(event);
  const [open, setOpen] = useState(false);
  const line = (
    <>
      <time dateTime={event.at} title={moment(event.at)}>
        {new Date(event.at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" })}
      </time>
      <span className={styles.who}>{withTicket && event.subject.ticket ? event.subject.ticket : who(event)}</span>
      <span className={styles.text}>{text}</span>
    </>
  );
  return (
    <li className={styles.line} data-tone={tone}>
      {opens ? (
        <details onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
          <summary className={styles.row}>{line}</summary>
          {open ? <Step run={run} at={event.seq} /> : null}
        </details>
      ) : (
        <div className={styles.row}>{line}</div>
      )}
    </li>
  );
}

function Step({ run, at }: { run: string; at: number }) {
  const { data, error, refetch } = useQuery(step(run, at));
  if (error) return <Trouble problem={error} again={() => void refetch()} />;
  if (!data) return <Waiting what="Loading the step" lines={2} />;
  return (
    <pre className={styles.step} tabIndex={0}>
      {data.text}
    </pre>
  );
}
