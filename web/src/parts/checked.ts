import type { CheckedModel } from "~/api/generated/api";
import { count, length, money } from "./format";

/** What asking a model once took, in words. */
export function factsOf({ answered, milliseconds, tokens_in, tokens_out, cost, priced, played }: CheckedModel): string[] {
  const facts = [`after ${length(milliseconds)}`];
  if (answered || tokens_in + tokens_out > 0) {
    facts.push(`${count(tokens_in)} tokens in, ${count(tokens_out)} out`, played ? "nothing spent" : priced ? money(cost) : "its price is not known");
  }
  return facts;
}
