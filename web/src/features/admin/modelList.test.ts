import { expect, it } from "vitest";
import type { ModelList, ModelView } from "~/api/generated/api";
import { byProvider, calls, can, priceOf, rest, source, turn } from "./modelList";

const model = (name: string, more: Partial<ModelView> = {}): ModelView => ({
  name,
  breaker: "closed",
  at_once: 8,
  running: 0,
  waiting: 0,
  resting_seconds: 0,
  tools: true,
  json_schema: true,
  context_tokens: 128_000,
  replies: "provider",
  ...more,
});

const list: ModelList = {
  items: [model("anthropic/claude"), model("openrouter/qwen/coder"), model("openrouter/other"), model("mine/small")],
  policy: ["openrouter/other", "anthropic/claude", "openrouter/qwen/coder"],
  price_version: "2026-11-01",
  deadline_seconds: 900,
};

it("puts models under their provider, in the order in which they are tried", () => {
  expect(byProvider(list).map(({ label, models }) => [label, models.map(({ name }) => name)])).toEqual([
    ["OpenRouter", ["openrouter/other", "openrouter/qwen/coder"]],
    ["Anthropic", ["anthropic/claude"]],
    ["mine", ["mine/small"]],
  ]);
});

it("says when each has its turn", () => {
  expect(list.items.map((one) => turn(list, one))).toEqual(["number 2 of those that are tried", "number 3 of those that are tried", "tried first", "only where it is named"]);
  expect(turn({ ...list, policy: ["mine/small"] }, model("mine/small"))).toBe("the only one that is tried");
});

it("says how busy it is, and what rest was asked for", () => {
  expect(calls(model("a/b", { running: 1 }))).toBe("1 call under way, up to 8 at once");
  expect(calls(model("a/b", { running: 8, waiting: 3 }))).toBe("8 calls under way, 3 waiting, up to 8 at once");
  expect(rest(model("a/b"))).toBe("");
  expect(rest(model("a/b", { resting_seconds: 75 }))).toBe("Its provider asked for a rest: 1 min 15 s more.");
});

it("says what a million tokens cost, as far as that is known", () => {
  expect(priceOf(model("a/b", { price: { input: 300_000, output: 15_000_000 } }))).toBe("$0.30 in, $15.00 out for a million tokens");
  expect(priceOf(model("a/b", { price: { input: 3_000_000, output: 15_000_000, cached: 300_000, cache_write: 3_750_000 } }))).toBe("$3.00 in, $15.00 out, $0.30 from its cache, $3.75 into it for a million tokens");
  expect(priceOf(model("a/b"))).toBe("its price is not known");
  expect(priceOf(model("recorded/a/b", { replies: "recording" }))).toBe("nothing is spent");
});

it("says where replies come from that no model gives", () => {
  expect(source(model("a/b"))).toBe("");
  expect(source(model("scripted/a", { replies: "script" }))).toBe("It answers by a script: no model is called.");
  expect(source(model("recorded/a/b", { replies: "recording", played: { model: "a/b", date: "2026-11-01" } }))).toBe(
    "Its replies are played back from a recording of a/b of 2026-11-01: no model is called.",
  );
});

it("says what it can do", () => {
  expect(can(model("a/b", { tools: false, context_tokens: 8_192 }))).toEqual(["8,192 tokens of context", "no tool calls: answers with whole files", "keeps to a schema"]);
});
