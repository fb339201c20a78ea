import type { PlanDetail } from "~/api/generated/api";
import { count, length, money, plural, range } from "./format";
import { Prose } from "./Prose";
import styles from "./PlanTickets.module.css";
import { RiskMark } from "./RiskMark";

export type Plan = NonNullable<PlanDetail["plan"]>;

/** A plan: its price first, then what would be done, in what order. */
export function PlanTickets({ plan }: { plan: Plan }) {
  const { estimate, tickets } = plan;
  return (
    <>
      <dl className={styles.figures}>
        <Figure name="Price" value={range(estimate.usd_low, estimate.usd_high, money)} />
        <Figure name="Tokens" value={range(estimate.tokens_low, estimate.tokens_high, count)} />
        <Figure name="Tickets" value={count(tickets.length)} />
        {/* Half of such runs stay below the first, nine of ten below the second. */}
        {estimate.history ? <Figure name="Work, by what is known" value={range(estimate.history.millis.p50, estimate.history.millis.p90, length)} /> : null}
        <Figure name="Model" value={plan.model} />
      </dl>
      <ol className={styles.tickets} aria-label={plural(tickets.length, "ticket")}>
        {tickets.map((ticket) => (
          <li key={ticket.id}>
            <details>
              <summary>
                <code>{ticket.id}</code>
                <span className={styles.title}>{ticket.title}</span>
                <span className={styles.proves}>{ticket.requirements.join(", ")}</span>
                <RiskMark risk={ticket.risk} />
              </summary>
              <div className={styles.more}>
                <Prose text={ticket.description} />
                <p>
                  <b>Touches</b> <code>{ticket.touches.join("  ") || "nothing named"}</code>
                </p>
                {ticket.depends_on.length > 0 ? (
                  <p>
                    <b>After</b> <code>{ticket.depends_on.map(({ on }) => on).join("  ")}</code>
                  </p>
                ) : null}
                <p>
                  <b>Done when</b> {plural(ticket.acceptance.length, "command")} {ticket.acceptance.length === 1 ? "passes" : "pass"}
                </p>
                <ul>
                  {ticket.acceptance.map(({ check }, at) => (
                    <li key={at}>
                      <code>{check.command}</code>
                    </li>
                  ))}
                </ul>
              </div>
            </details>
          </li>
        ))}
      </ol>
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={value}>{value}</dd>
    </div>
  );
}
