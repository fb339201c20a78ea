import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { TicketSummary } from "~/api/generated/api";
import { tickets } from "~/api/work";
import { Export } from "~/parts/Export";
import { money, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Tickets.module.css";

/** What needs somebody first, then what moves, then what is over. */
const ORDER = ["needs_person", "merging", "verifying", "working", "waiting", "merged", "cancelled"];

export function Tickets({ run }: { run: string }) {
  const { data, isPending, error, refetch } = useQuery(tickets(run));
  if (isPending) return <Waiting what="Loading the tickets" lines={6} />;
  if (error && !data) return <Trouble problem={error} again={() => void refetch()} />;
  const items = [...(data?.items ?? [])].sort((a, b) => ORDER.indexOf(a.state.state) - ORDER.indexOf(b.state.state));
  if (items.length === 0) {
    return (
      <Nothing title="No ticket has begun">
        <p>They appear here as soon as the plan is carried out.</p>
      </Nothing>
    );
  }
  return (
    <>
      <div className={styles.tools}>
        <Export name={`tickets-${run}`} rows={() => items.map(rowOf)} />
      </div>
      <ul className={styles.list}>
        {items.map((item) => (
          <li key={item.id}>
            <Link to="/runs/$run/tickets/$ticket" params={{ run, ticket: item.id }} className={styles.row}>
              <StateMark state={item.state.state} />
              <span className={styles.what}>
                <span className={styles.title}>{item.title}</span>
                {item.state.state === "needs_person" ? <span className={styles.problem}>{item.state.problem.detail}</span> : null}
              </span>
              <span className={styles.facts}>
                <code>{item.id}</code>
                <span>{item.requirements.join(", ")}</span>
                {item.agent && item.state.state !== "merged" ? <span>{item.agent}</span> : null}
                {item.attempts > 1 ? <span>{plural(item.attempts, "attempt")}</span> : null}
                <span>{money(item.spend.usd)}</span>
                <span>
                  <When at={item.updated_at} />
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function rowOf(item: TicketSummary) {
  return {
    id: item.id,
    title: item.title,
    state: item.state.state,
    requirements: item.requirements.join(" "),
    agent: item.agent ?? "",
    attempts: item.attempts,
    usd: item.spend.usd / 1e6,
    tokens: item.spend.tokens_in + item.spend.tokens_out,
    merged: item.merged ?? "",
    updated_at: item.updated_at,
  };
}
