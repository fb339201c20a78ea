import { expect, it } from "vitest";
import type { CheckedModel } from "~/api/generated/api";
import { factsOf } from "./checked";

const answer: CheckedModel = { model: "openrouter/qwen/qwen3-coder", answered: true, text: "Yes.", milliseconds: 1_240, tokens_in: 18, tokens_out: 3, cost: 42, priced: true };

it("says what an answer took and cost", () => {
  expect(factsOf(answer)).toEqual(["after 1.2 s", "18 tokens in, 3 out", "< $0.0001"]);
  expect(factsOf({ ...answer, priced: false, cost: 0 }).at(-1)).toBe("its price is not known");
  expect(factsOf({ ...answer, cost: 0, played: { model: "local/qwen", date: "2026-11-21" } }).at(-1)).toBe("nothing spent");
});

it("says nothing of tokens where none were used", () => {
  expect(factsOf({ ...answer, answered: false, text: "", tokens_in: 0, tokens_out: 0, cost: 0 })).toEqual(["after 1.2 s"]);
});
