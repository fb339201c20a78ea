import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { quotas } from "~/api/fleet";
import { Export } from "~/parts/Export";
import { Section } from "~/parts/Page";
import { Limits } from "~/parts/Limits";
import { PER, scopeText, scopeWords } from "~/parts/quota";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import styles from "./Usage.module.css";

/** What was spent beside what may be. */
export function Quotas() {
  const { data, error, refetch } = useQuery(quotas);
  if (!data) return error ? <Trouble problem={error} again={() => void refetch()} /> : null;
  const rows = () =>
    data.items.map(({ scope, quota, spent, runs, renews }) => ({
      scope: scopeText(scope),
      per: quota.per,
      usd: quota.budget.usd == null ? null : quota.budget.usd / 1e6,
      tokens: quota.budget.tokens,
      runs: quota.runs,
      spent_usd: spent.usd / 1e6,
      spent_tokens: spent.tokens_in + spent.tokens_out,
      running: runs,
      renews,
    }));
  return (
    <Section title="Beside the quotas" aside={data.items.length > 0 ? <Export name="quotas" rows={rows} /> : undefined}>
      {data.items.length === 0 ? (
        <p className={styles.note}>
          Nothing is limited but each run by its own budget. <Link to="/admin/quotas">Set a quota</Link>
        </p>
      ) : (
        <>
          <ul className={`${lists.rows} ${styles.quotas}`}>
            {data.items.map((row) => (
              <li key={scopeText(row.scope)}>
                <span>
                  <span className={lists.title}>{scopeWords(row.scope)}</span>
                  <span className={styles.note}>
                    {PER[row.quota.per]}
                    {row.renews ? `, anew on ${row.renews}` : ""}
                  </span>
                </span>
                <Limits row={row} />
              </li>
            ))}
          </ul>
          <p className={styles.note}>
            <Link to="/admin/quotas">Set or lift quotas</Link>
          </p>
        </>
      )}
    </Section>
  );
}
