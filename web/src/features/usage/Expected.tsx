import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { QuotaRow, Run } from "~/api/generated/api";
import { quotas } from "~/api/fleet";
import { useNow } from "~/live/store";
import { Export } from "~/parts/Export";
import { count, money, plural, range } from "~/parts/format";
import { Section } from "~/parts/Page";
import { scopeText } from "~/parts/quota";
import { daysOf } from "./days";
import { type Forecast, forecast, LOOKED_AT, reached } from "./forecast";
import styles from "./Usage.module.css";

/** A month, and the days before it that it is compared with. */
const DAYS = 31 + LOOKED_AT;

/** What the month will have used when it ends, and when a quota would be used up. */
export function Expected({ all, of }: { all: readonly Run[]; of: "usd" | "tokens" | undefined }) {
  const now = useNow(60_000);
  const { data } = useQuery(quotas);
  const days = useMemo(() => daysOf(all, DAYS, now), [all, now]);
  const what = of ?? (days.some(({ sum }) => sum.usd > 0) ? "usd" : "tokens");
  const word = what === "usd" ? money : (value: number) => `${count(Math.round(value))} tokens`;
  const known = forecast(days, what, now);
  if (!known) return null;
  const lines = (data?.items ?? []).flatMap((row) => line(row, what, all, known, now));
  const rows = () => [{ until: known.until, what, so_far: units(known.so_far, what), low: units(known.low, what), likely: units(known.likely, what), high: units(known.high, what), days: known.days }];
  return (
    <Section title="To the end of the month" aside={<Export name="usage-forecast" rows={rows} />}>
      <dl className={styles.figures}>
        {(
          [
            ["So far this month", word(known.so_far)],
            [`Until ${known.until}, likely`, word(known.likely)],
            ["Between", range(known.low, known.high, word)],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {lines.length > 0 ? (
        <ul className={styles.reached}>
          {lines.map(({ scope, words }) => (
            <li key={scope}>{words}</li>
          ))}
        </ul>
      ) : null}
      <p className={styles.note}>
        What was used so far, and for what is left of the month the mean of the last {plural(known.days, "whole day")}. The range takes the mean of the quieter half of
        them, and of the busier half. It knows nothing of what is planned.
      </p>
    </Section>
  );
}

/** What is said of a quota: of everything, or of a project, whose days are known. */
function line(row: QuotaRow, what: "usd" | "tokens", all: readonly Run[], whole: Forecast, now: number): { scope: string; words: string }[] {
  const { scope } = row;
  if (scope.kind === "agent" || scope.kind === "key") return [];
  const known = scope.kind === "project" ? forecast(daysOf(all.filter(({ project }) => project === scope.project), DAYS, now), what, now) : whole;
  const when = known && reached(row, what, known, now);
  if (!when) return [];
  const today = new Date(now).toISOString().slice(0, 10);
  const at =
    when.earliest === today && when.latest === today
      ? "is used up now"
      : when.latest === undefined
        ? `may be used up on ${when.earliest}, or not at all before it begins anew`
        : when.latest === when.earliest
          ? `would be used up on ${when.earliest}`
          : `would be used up between ${when.earliest} and ${when.latest}`;
  return [{ scope: scopeText(scope), words: `The quota of ${scope.kind === "tenant" ? "everything" : `project ${scope.project}`} ${at}.` }];
}

function units(value: number, what: "usd" | "tokens"): number {
  return what === "usd" ? value / 1e6 : Math.round(value);
}
