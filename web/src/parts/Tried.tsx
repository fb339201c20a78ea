import type { CheckedModel } from "~/api/generated/api";
import { Problem } from "~/api/problem";
import { factsOf } from "./checked";
import { StateMark } from "./StateMark";
import styles from "./Tried.module.css";
import { Trouble } from "./Trouble";

/** What came of asking a model one short thing: what it said and what that took, or why it did not answer and what to do next. */
export function Tried({ check }: { check: CheckedModel }) {
  const { answered, text, played, problem } = check;
  return (
    <div className={styles.tried}>
      <div className={styles.said} role="status">
        <StateMark state={answered ? "done" : "failed"} label={answered ? "It answered" : "It did not answer"} />
        {factsOf(check).map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
        {text ? <q>{text}</q> : null}
        {played ? (
          <span className={styles.whole}>
            {answered ? "Played back from" : "Looked up in"} the recording of {played.model} of {played.date}: no model was called.
          </span>
        ) : null}
      </div>
      {problem ? <Trouble problem={new Problem({ ...problem, status: 502 })} title="Why not" /> : null}
    </div>
  );
}
