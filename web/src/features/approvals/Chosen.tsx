import { Button } from "@mantine/core";
import { plural } from "~/parts/format";
import { RiskMark } from "~/parts/RiskMark";
import styles from "./Approvals.module.css";
import { byRisk, type Choice, MOST_AT_ONCE, worst } from "./together";
import type { InterruptSummary } from "./types";
import type { Chosen } from "./useChosen";

interface Props {
  items: readonly InterruptSummary[];
  chosen: Chosen;
}

/** Chooses all of a risk at once. */
export function Choose({ items, chosen }: Props) {
  return (
    <div className={styles.choose} role="group" aria-label="Choose several questions">
      <span>Choose all of</span>
      {byRisk(items).map(([risk, of]) => (
        <button key={risk} type="button" onClick={() => chosen.set([...chosen.ids, ...of.map(({ id }) => id)])}>
          {risk} risk ({of.length})
        </button>
      ))}
      {chosen.ids.size > 0 ? (
        <button type="button" onClick={() => chosen.set([])}>
          none
        </button>
      ) : null}
    </div>
  );
}

/** What is chosen, and what can be said to all of it. */
export function ChosenBar({ items, chosen, ask }: Props & { ask: (choice: Choice) => void }) {
  const those = items.filter(({ id }) => chosen.ids.has(id));
  const tooMany = those.length > MOST_AT_ONCE;
  return (
    <div className={styles.chosen} role="group" aria-label="Chosen questions">
      <p role="status">
        <strong>{plural(those.length, "question")} chosen</strong>
        <span className={styles.highest}>
          the highest is <RiskMark risk={worst(those)} />
        </span>
      </p>
      {tooMany ? <p>Only {MOST_AT_ONCE} are answered at once.</p> : null}
      <div>
        <Button onClick={() => ask("reject")} disabled={tooMany}>
          Reject…
        </Button>
        <Button variant="filled" onClick={() => ask("accept")} disabled={tooMany}>
          Approve…
        </Button>
      </div>
    </div>
  );
}
