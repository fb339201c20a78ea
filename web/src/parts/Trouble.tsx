import { Button } from "@mantine/core";
import { type Problem, problemOf } from "~/api/problem";
import { capital } from "./format";
import styles from "./Trouble.module.css";

interface Props {
  problem: unknown;
  /** What asks again, where that may help. */
  again?: (() => void) | undefined;
  title?: string;
}

/** What went wrong, what to do next, and the code under which the book says more. */
export function Trouble({ problem: thrown, again, title }: Props) {
  const problem = problemOf(thrown);
  return (
    <div className={styles.trouble} role="alert">
      <p className={styles.title}>{title ?? heading(problem)}</p>
      {title || !problem.isAway ? <p>{capital(problem.message)}.</p> : null}
      <p className={styles.next}>{capital(problem.next)}.</p>
      <p className={styles.code}>
        <code>{problem.code}</code>
        {problem.correlation ? <code title="The id of the request, as it stands in the server's log">{problem.correlation}</code> : null}
      </p>
      {again ? (
        <Button size="xs" onClick={again}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

function heading(problem: Problem): string {
  if (problem.isAway) return "The server cannot be reached";
  if (problem.status === 403) return "You may not see this";
  if (problem.status === 404) return "There is nothing here";
  return "That did not work";
}
