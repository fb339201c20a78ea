import type { ModelList, ModelView } from "~/api/generated/api";
import { count, length, money, plural } from "~/parts/format";
import { inOrder, providerOf } from "~/parts/models";

/** The models in words. Pure. */

const CALLED: Record<string, string> = {
  openrouter: "OpenRouter",
  anthropic: "Anthropic",
  openai: "OpenAI",
  local: "On this machine or network",
  custom: "A server of your own",
  recorded: "Played back",
  scripted: "Rehearsed",
};

export interface Provider {
  readonly name: string;
  readonly label: string;
  readonly models: readonly ModelView[];
}

/** By provider, the one that is tried first at the top; its models in the order in which they are tried. */
export function byProvider(list: ModelList): Provider[] {
  const sorted = inOrder(list);
  const names = [...new Set(sorted.map(({ name }) => providerOf(name)))];
  return names.map((name) => ({ name, label: CALLED[name] ?? name, models: sorted.filter((model) => providerOf(model.name) === name) }));
}

/** Which one of the order it is, in words. */
export function turn(list: ModelList, model: ModelView): string {
  const at = list.policy.indexOf(model.name);
  if (at < 0) return "only where it is named";
  if (list.policy.length === 1) return "the only one that is tried";
  return at === 0 ? "tried first" : `number ${at + 1} of those that are tried`;
}

/** What its circuit breaker does with the next call. */
export const BREAKER = {
  closed: { mark: "done", word: "Takes calls", means: "" },
  open: { mark: "failed", word: "Rests", means: "It failed several times in a row: calls go to the next one for a while, then one call tries it." },
  half_open: { mark: "verifying", word: "Is tried", means: "It rested, and one call finds out whether it answers again." },
} as const;

/** How busy it is. */
export function calls({ running, waiting, at_once }: ModelView): string {
  return `${running === 0 ? "no call" : plural(running, "call")} under way${waiting > 0 ? `, ${count(waiting)} waiting` : ""}, up to ${count(at_once)} at once`;
}

/** What a million tokens cost. */
export function priceOf({ replies, price }: ModelView): string {
  if (replies !== "provider") return "nothing is spent";
  if (!price) return "its price is not known";
  const cached = price.cached == null ? "" : `, ${money(price.cached)} from its cache`;
  const write = price.cache_write == null ? "" : `, ${money(price.cache_write)} into it`;
  return `${money(price.input)} in, ${money(price.output)} out${cached}${write} for a million tokens`;
}

/** What it can do. */
export function can({ tools, json_schema, context_tokens }: ModelView): string[] {
  return [`${count(context_tokens)} tokens of context`, tools ? "calls tools" : "no tool calls: answers with whole files", json_schema ? "keeps to a schema" : "keeps to no schema"];
}

/** Where its replies come from, where no provider is called. */
export function source({ replies, played }: ModelView): string {
  if (replies === "provider") return "";
  if (replies === "script") return "It answers by a script: no model is called.";
  return played ? `Its replies are played back from a recording of ${played.model} of ${played.date}: no model is called.` : "Its replies are played back from a recording: no model is called.";
}

/** A rest that its provider asked for. */
export function rest({ resting_seconds }: ModelView): string {
  return resting_seconds > 0 ? `Its provider asked for a rest: ${length(resting_seconds * 1_000)} more.` : "";
}
