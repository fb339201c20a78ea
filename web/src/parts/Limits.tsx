import type { QuotaRow } from "~/api/generated/api";
import { count, money, plural } from "./format";
import { Meter } from "./Meter";
import styles from "./Limits.module.css";

/** Each limit of a quota, and how much of it is used in its period. */
export function Limits({ row: { quota, spent, runs } }: { row: QuotaRow }) {
  const { usd, tokens } = quota.budget;
  return (
    <div className={styles.limits}>
      {usd == null ? null : <Meter used={spent.usd} of={usd} shown={money} />}
      {tokens == null ? null : <Meter used={spent.tokens_in + spent.tokens_out} of={tokens} shown={(value) => `${count(value)} tokens`} />}
      {quota.runs == null ? null : <Meter used={runs} of={quota.runs} shown={(value) => plural(value, "run")} />}
    </div>
  );
}
