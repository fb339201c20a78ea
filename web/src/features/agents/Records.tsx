import { useQuery } from "@tanstack/react-query";
import { overview } from "~/api/fleet";
import { Export } from "~/parts/Export";
import { count, length, money } from "~/parts/format";
import { Section } from "~/parts/Page";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Agents.module.css";

/** How each agent did with each model, and whether it keeps what is expected of it. */
export function Records() {
  const { data, error, refetch } = useQuery(overview);
  if (!data) {
    return <Section title="What they did">{error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading what they did" lines={3} />}</Section>;
  }
  const { arms } = data.work;
  const standing = (agent: string) => data.agents.find((one) => one.agent === agent);
  const rows = () =>
    arms.map(({ arm, attempts, accepted, millis, spend }) => ({
      agent: arm.agent,
      model: arm.model,
      attempts,
      accepted,
      millis,
      usd: spend.usd / 1e6,
      tokens: spend.tokens_in + spend.tokens_out,
      quarantined: standing(arm.agent)?.standing.quarantined ?? false,
    }));
  return (
    <Section title="What they did" aside={arms.length > 0 ? <Export name="agents-record" rows={rows} /> : undefined}>
      {arms.length === 0 ? <p className={styles.note}>No attempt has ended yet.</p> : null}
      {arms.length > 0 ? <Table
        label="What they did"
        columns={[
          { name: "Agent" },
          { name: "Model" },
          { name: "Attempts", figure: true },
          { name: "Accepted", figure: true },
          { name: "Time each", figure: true },
          { name: "Cost each", figure: true },
          { name: "Objective" },
        ]}
      >
        {arms.map(({ arm, attempts, accepted, millis, spend }) => {
          const of = standing(arm.agent);
          return (
            <tr key={`${arm.agent}/${arm.model}`}>
              <td>{arm.agent}</td>
              <td>{arm.model}</td>
              <td data-figure>{count(attempts)}</td>
              <td data-figure>{attempts === 0 ? "" : `${Math.round((100 * accepted) / attempts)} %`}</td>
              <td data-figure>{attempts === 0 ? "" : length(millis / attempts)}</td>
              <td data-figure>{attempts === 0 ? "" : money(spend.usd / attempts)}</td>
              <td data-words={of ? true : undefined} className={of?.standing.quarantined ? styles.out : undefined}>{of?.words ?? "none"}</td>
            </tr>
          );
        })}
      </Table> : null}
    </Section>
  );
}
