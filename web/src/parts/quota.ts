import type { NewQuota, QuotaRow } from "~/api/generated/api";

/** Quotas in words, and as the command line writes them. */

/** Whose spending it limits, as the server and the command line write it: `project:shop`. */
export function scopeText(scope: QuotaRow["scope"]): string {
  switch (scope.kind) {
    case "tenant":
      return "tenant";
    case "project":
      return `project:${scope.project}`;
    case "agent":
      return `agent:${scope.agent}`;
    case "key":
      return `key:${scope.key}`;
  }
}

/** Whose, for people. */
export function scopeWords(scope: QuotaRow["scope"]): string {
  switch (scope.kind) {
    case "tenant":
      return "Everything";
    case "project":
      return `Project ${scope.project}`;
    case "agent":
      return `Agent ${scope.agent}`;
    case "key":
      return `Key ${scope.key}`;
  }
}

export const PER = { day: "a day", month: "a month", ever: "for ever" } as const;

/** The command that sets it. */
export function setCommand({ scope, usd, tokens, runs, per }: NewQuota): string {
  const words = ["swarm budget set", quoted(scope)];
  if (usd != null) words.push(`--usd ${usd / 1e6}`);
  if (tokens != null) words.push(`--tokens ${tokens}`);
  if (runs != null) words.push(`--runs ${runs}`);
  if (per && per !== "month") words.push(`--per ${per}`);
  return words.join(" ");
}

export function liftCommand(scope: string): string {
  return `swarm budget lift ${quoted(scope)}`;
}

/** As a shell takes it for one word. */
export function quoted(word: string): string {
  return /^[\w.:@/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What of a form makes a quota; nothing where it says none yet. Money is typed in dollars. */
export function quotaOf(form: { scope: string; usd: string; tokens: string; runs: string; per: "day" | "month" | "ever" }): NewQuota | undefined {
  const whole = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text.trim()) : undefined);
  const usd = /^\d+(\.\d{1,6})?$/.test(form.usd.trim()) ? Math.round(Number(form.usd.trim()) * 1e6) : undefined;
  const [tokens, runs] = [whole(form.tokens), whole(form.runs)];
  const wrong = [[form.usd, usd], [form.tokens, tokens], [form.runs, runs]].some(([text, value]) => String(text).trim() !== "" && value === undefined);
  if (wrong || form.scope.endsWith(":") || (usd === undefined && tokens === undefined && runs === undefined)) return undefined;
  return { scope: form.scope, per: form.per, ...(usd === undefined ? {} : { usd }), ...(tokens === undefined ? {} : { tokens }), ...(runs === undefined ? {} : { runs }) };
}
