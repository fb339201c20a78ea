import { useQuery } from "@tanstack/react-query";
import type { Run } from "~/api/generated/api";
import { problemOf } from "~/api/problem";
import { Nothing } from "~/parts/Nothing";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./PullRequest.module.css";
import { pullRequest } from "./queries";

/** What came of it: the pull request with its evidence, as text. */
export function PullRequest({ run }: { run: Run }) {
  const { data, error, refetch } = useQuery(pullRequest(run.id));
  if (!data && error) {
    if (problemOf(error).status !== 404) return <Trouble problem={error} again={() => void refetch()} />;
    return (
      <Nothing title="There is no pull request yet">
        <p>It is opened once the work is merged, with the evidence of each requirement.</p>
      </Nothing>
    );
  }
  if (!data) return <Waiting what="Loading the result" lines={6} />;
  return (
    <article className={styles.request}>
      <h2>{data.title}</h2>
      <p className={styles.about}>
        <code>{data.head.slice(0, 12)}</code> {run.branch ? <code>{run.branch}</code> : null} opened <When at={data.opened_at} />
      </p>
      <pre className={styles.body} tabIndex={0}>
        {data.body}
      </pre>
    </article>
  );
}
