import { Link } from "@tanstack/react-router";
import { STEPS, type Step } from "./wayIn";
import styles from "./FirstSteps.module.css";
import { StateMark } from "./StateMark";

interface Props {
  /** Where one is. */
  at: Step;
  done: ReadonlySet<Step>;
  /** Whether one may go to another by it. */
  linked?: boolean;
}

/** The way of a first start: what is done, where one is, and what comes. */
export function FirstSteps({ at, done, linked = false }: Props) {
  return (
    <ol className={`${styles.steps} ${linked ? styles.linked : ""}`} aria-label="First steps">
      {STEPS.map(({ step, label }) => {
        const isDone = done.has(step);
        const shown = (
          <>
            <StateMark state={isDone ? "done" : step === at ? "needs_person" : "waiting"} label={label} />
            {isDone ? <span className="only-heard">, done</span> : null}
          </>
        );
        return (
          <li key={step} aria-current={step === at ? "step" : undefined}>
            {linked ? (
              <Link to="/welcome" search={{ step }} resetScroll={false} className={styles.step}>
                {shown}
              </Link>
            ) : (
              <span className={styles.step}>{shown}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
