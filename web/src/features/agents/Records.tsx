import { useQuery } from "@tanstack/react-query";
import { overview } from "~/api/fleet";
import { Export } from "~/parts/Export";
import { Section } from "~/parts/Page";
import { RECORD_COLUMNS, RecordCells, recordRow } from "~/parts/Record";
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
  const rows = () => arms.map((one) => ({ ...recordRow(one), quarantined: standing(one.arm.agent)?.standing.quarantined ?? false }));
  return (
    <Section title="What they did" aside={arms.length > 0 ? <Export name="agents-record" rows={rows} /> : undefined}>
      {arms.length === 0 ? <p className={styles.note}>No attempt has ended yet.</p> : null}
      {arms.length > 0 ? <Table
        label="What they did"
        columns={[{ name: "Agent" }, { name: "Model" }, ...RECORD_COLUMNS, { name: "Objective" }]}
      >
        {arms.map((one) => {
          const { arm } = one;
          const of = standing(arm.agent);
          return (
            <tr key={`${arm.agent}/${arm.model}`}>
              <td>{arm.agent}</td>
              <td>{arm.model}</td>
              <RecordCells of={one} />
              <td data-words={of ? true : undefined} className={of?.standing.quarantined ? styles.out : undefined}>{of?.words ?? "none"}</td>
            </tr>
          );
        })}
      </Table> : null}
    </Section>
  );
}
