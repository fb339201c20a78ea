import type { Proof } from "./evidence";
import { length } from "./format";
import { output } from "./output";
import styles from "./Proofs.module.css";
import { StateMark } from "./StateMark";
import { When } from "./When";

/** The commands that prove a requirement, and what each said. */
export function Proofs({ proofs }: { proofs: readonly Proof[] }) {
  if (proofs.length === 0) return <p className={styles.none}>The spec has no command that proves it.</p>;
  return (
    <ul className={styles.proofs}>
      {proofs.map(({ command, check }, at) => (
        <li key={at}>
          <p className={styles.command}>
            <StateMark
              state={check ? (check.passed ? "accepted" : "failed") : "waiting"}
              label={check ? (check.passed ? "holds" : "does not hold") : "not run on the head"}
            />
            <code>{command}</code>
          </p>
          {check ? (
            <>
              <pre className={styles.output} tabIndex={0}>
                {output(check.output) || "it said nothing"}
              </pre>
              <p className={styles.facts}>
                {check.ended}, in a fresh {check.rung} sandbox, {length(check.millis)}, <When at={check.at} />
              </p>
            </>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
