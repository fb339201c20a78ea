import { useQuery } from "@tanstack/react-query";
import { problemOf } from "~/api/problem";
import { useStanding } from "~/live/store";
import { Section } from "~/parts/Page";
import { Prose } from "~/parts/Prose";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Admin.module.css";
import { partsOf, tables } from "./parts";
import { alerts, health, workers } from "./queries";

/** How the program fares: its parts with what mends them, its workers, and what raised an alert. */
export function System() {
  const { data, error, refetch } = useQuery(health);
  const raised = useQuery(alerts);
  const known = useQuery(workers);
  const going = (raised.data?.items ?? []).filter(({ ended_at }) => !ended_at);
  const live = known.data?.items.filter(({ state }) => state === "live").length;
  const parts = data ? partsOf(data, live) : [];
  const bad = parts.filter(({ ok }) => !ok).length;
  return (
    <>
      <Section title="System" aside={data ? (bad === 0 ? "all is well" : `${bad} of ${parts.length} not well`) : undefined}>
        {error && !data ? (
          problemOf(error).status === 503 ? (
            <Trouble problem={error} title="Something is wrong" again={() => void refetch()} />
          ) : (
            <Trouble problem={error} again={() => void refetch()} />
          )
        ) : null}
        {!data && !error ? <Waiting what="Loading the state of the system" lines={3} /> : null}
        <dl className={styles.parts}>
          {parts.map(({ name, ok, detail, mend }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <StateMark state={ok ? "done" : "failed"} label={ok ? "fine" : "not well"} /> <span>{detail}</span>
                {ok ? null : (
                  <div className={styles.mend}>
                    <Prose text={mend} />
                  </div>
                )}
              </dd>
            </div>
          ))}
          {data ? <ThisPage /> : null}
        </dl>
        {raised.data && going.length === 0 ? <p className={lists.note}>No alert goes on.</p> : null}
        {going.length > 0 ? (
          <ul className={`${lists.rows} ${styles.list}`}>
            {going.map((alert) => (
              <li key={alert.kind} className={styles.alert}>
                <span className={lists.title}>{alert.words}</span>
                <span className={lists.about}>
                  since <When at={alert.raised_at} bare />
                </span>
              </li>
            ))}
          </ul>
        ) : null}
      </Section>
      {data ? (
        <Section title="Version">
          <dl className={styles.parts}>
            <div>
              <dt>Program</dt>
              <dd>
                <code>swarm {data.version}</code>
              </dd>
            </div>
            <div>
              <dt>Tables</dt>
              <dd>{tables(data.database)}</dd>
            </div>
          </dl>
        </Section>
      ) : null}
    </>
  );
}

/** Whether this page itself hears what happens. */
function ThisPage() {
  const { standing, link } = useStanding();
  const isLive = standing === "live";
  return (
    <div>
      <dt>This page</dt>
      <dd>
        <StateMark state={isLive ? "done" : standing === "reconnecting" ? "working" : "failed"} label={isLive ? "fine" : standing === "reconnecting" ? "connecting" : "not well"} />{" "}
        <span>{isLive ? `hears what happens, ${link.transport === "sse" ? "over HTTP" : "by a WebSocket"}` : "what it shows may be old; it goes on by itself"}</span>
      </dd>
    </div>
  );
}
