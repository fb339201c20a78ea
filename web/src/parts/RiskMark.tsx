import styles from "./Marks.module.css";

/** How much harm a wrong answer can do: bars and a word, never a colour alone. */
export function RiskMark({ risk }: { risk: "low" | "medium" | "high" }) {
  return (
    <span className={styles.risk} data-risk={risk}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden>
        <rect x="0" y="7" width="3" height="5" rx="0.75" />
        <rect x="4.5" y="4" width="3" height="8" rx="0.75" />
        <rect x="9" y="0.5" width="3" height="11.5" rx="0.75" />
      </svg>
      {risk} risk
    </span>
  );
}
