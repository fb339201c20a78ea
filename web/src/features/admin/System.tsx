import { useQuery } from "@tanstack/react-query";
import { problemOf } from "~/api/problem";
import { plural } from "~/parts/format";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Admin.module.css";
import { alerts, health, workers } from "./queries";

/** How the program fares: its parts, its workers, and what raised an alert. */
export function System() {
  const { data, error, refetch } = useQuery(health);
  const raised = useQuery(alerts);
  const known = useQuery(workers);
  const going = (raised.data?.items ?? []).filter(({ ended_at }) => !ended_at);
  const live = (known.data?.items ?? []).filter(({ state }) => state === "live");
  const parts: [string, boolean, string][] = data
    ? [
        ["Database", data.database.ok, data.database.detail],
        ["Queue", data.queue.ok, data.queue.detail],
        ["Sandbox", data.sandbox.ok, `${data.sandbox.rung}: ${data.sandbox.detail}`],
        ["Workers", live.length > 0 || !known.data, known.data ? `${plural(live.length, "worker")} at work` : ""],
      ]
    : [];
  return (
    <Section title="System" aside={data ? `swarm ${data.version}` : undefined}>
      {error && !data ? (
        problemOf(error).status === 503 ? (
          <Trouble problem={error} title="Something is wrong" again={() => void refetch()} />
        ) : (
          <Trouble problem={error} again={() => void refetch()} />
        )
      ) : null}
      {!data && !error ? <Waiting what="Loading the state of the system" lines={3} /> : null}
      <dl className={styles.parts}>
        {parts.map(([name, ok, detail]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <StateMark state={ok ? "done" : "failed"} label={ok ? "fine" : "not well"} /> <span>{detail}</span>
            </dd>
          </div>
        ))}
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
  );
}
