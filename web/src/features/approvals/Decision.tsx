import { getRouteApi, Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { plural } from "~/parts/format";
import { When } from "~/parts/When";
import styles from "./Decision.module.css";
import { ENDED } from "~/parts/answers";
import { title } from "~/parts/question";
import { waiting } from "~/api/approvals";
import type { InterruptDetail } from "./types";

const route = getRouteApi("/inside/approvals/$interrupt");

/** How it was decided, by whom, and what waits next. */
export function Decision({ detail: { summary, standing } }: { detail: InterruptDetail }) {
  const { show } = route.useSearch();
  const { data } = useQuery(waiting);
  const next = data?.items.find(({ id }) => id !== summary.id);
  return (
    <div className={styles.decision} data-state={summary.state} role="status">
      <p className={styles.how}>
        {ENDED[summary.state]}
        {standing.settled_by ? ` by ${standing.settled_by}` : ""}
        {standing.settled_at ? (
          <span className={styles.more}>
            , <When at={standing.settled_at} />
          </span>
        ) : null}
      </p>
      {standing.words ? <blockquote className={styles.words}>{standing.words}</blockquote> : null}
      {standing.edit ? (
        <p className={styles.edit}>
          changed: <code>{JSON.stringify(standing.edit.args)}</code>
        </p>
      ) : null}
      {show === "decided" ? null : next ? (
        <p>
          <Link to="/approvals/$interrupt" params={{ interrupt: next.id }} replace>
            Next: {title(next)}
          </Link>
          {data && data.items.length > 1 ? <span className={styles.more}> and {plural(data.items.length - 1, "other")}</span> : null}
        </p>
      ) : (
        <p className={styles.more}>Nothing else waits.</p>
      )}
    </div>
  );
}
