import { CommandLine } from "./CommandLine";
import lists from "./Rows.module.css";
import { waysFrom } from "./ways";
import styles from "./WaysToModel.module.css";

/** The ways to a model, each with what is typed where swarm runs. */
export function WaysToModel() {
  return (
    <ul className={styles.ways}>
      {waysFrom(location).map(({ variable, title, about, command }) => (
        <li key={variable}>
          <h3>
            {title}: <code>{variable}</code>
          </h3>
          <p className={lists.note}>{about}</p>
          <CommandLine label={`what starts swarm with ${variable}`} text={command} />
        </li>
      ))}
    </ul>
  );
}
