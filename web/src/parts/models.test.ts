import { expect, it } from "vitest";
import type { ModelView } from "~/api/generated/api";
import { inOrder } from "./models";

const model = (name: string): ModelView => ({ name, breaker: "closed", at_once: 4, running: 0, waiting: 0, resting_seconds: 0, tools: true, json_schema: true, context_tokens: 8_192, replies: "provider" });

it("puts models as they are tried, and after them the others as they came", () => {
  const items = ["a/one", "b/two", "c/three", "d/four"].map(model);
  const list = { items, policy: ["c/three", "a/one"], price_version: "2026-11-01", deadline_seconds: 600 };
  expect(inOrder(list).map(({ name }) => name)).toEqual(["c/three", "a/one", "b/two", "d/four"]);
});
