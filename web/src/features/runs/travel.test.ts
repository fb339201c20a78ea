import { expect, it } from "vitest";
import type { Event } from "~/api/generated/api";
import { lookOf } from "./look";
import { editOf, knownAt, stepsOf, wordsOf } from "./travel";

const event = (seq: number, body: object, ticket?: string) => ({ seq, body, subject: { run: "run_1", ticket, attempt: ticket && `${ticket}.1` } }) as Event;
const EVENTS = [
  event(1, { type: "run_started" }),
  event(2, { type: "ticket_state_changed", to: { state: "working" } }, "T-1"),
  event(3, { type: "model_called", spend: { usd: 5, tokens_in: 2, tokens_out: 1, calls: 1 } }, "T-1"),
  event(4, { type: "ticket_state_changed", to: { state: "merged" } }, "T-1"),
  event(5, { type: "merged", commit: "abc" }, "T-1"),
  event(6, { type: "model_called", spend: { usd: 7, tokens_in: 2, tokens_out: 1, calls: 1 } }, "T-2"),
];

it("knows at a step what had happened by then, and nothing later", () => {
  const then = knownAt(EVENTS, 3, ["T-1", "T-2"]);
  expect([then.usd, then.tokens, then.calls, then.head, then.state]).toEqual([5, 3, 1, undefined, "working"]);
  expect(then.counts).toMatchObject({ total: 2, working: 1, waiting: 1, merged: 0 });
  const later = knownAt(EVENTS, 6, ["T-1", "T-2"]);
  expect([later.usd, later.head, later.counts.merged, later.attempt]).toEqual([12, "abc", 1, "T-2.1"]);
});

it("lists what can be gone back to", () => {
  expect(stepsOf(EVENTS, undefined).map(({ seq }) => seq)).toEqual([3, 5, 6]);
  expect(stepsOf(EVENTS, "T-2").map(({ seq }) => seq)).toEqual([6]);
});

it("sends an edit only where words are others", () => {
  const reply = { kind: "reply", text: "a", tool_calls: [{ id: "1", name: "write", arguments: "{}" }] } as const;
  const words = wordsOf({ ...reply, tool_calls: [...reply.tool_calls] });
  expect(editOf({ ...reply, tool_calls: [...reply.tool_calls] }, words)).toEqual({ edit: undefined });
  expect(editOf({ ...reply, tool_calls: [] }, { text: "b", more: "" })).toEqual({ edit: { kind: "reply", text: "b" } });
  expect(editOf({ kind: "reply", text: "a" }, { text: "a", more: "{" })).toEqual({ wrong: "This is not JSON" });
  expect(editOf({ kind: "reply", text: "a" }, { text: "a", more: "[1]" })).toHaveProperty("wrong");
  expect(editOf({ kind: "attempt", description: "a", hints: [] }, { text: "a", more: " one \n\ntwo" })).toEqual({
    edit: { kind: "attempt", description: "a", hints: ["one", "two"] },
  });
  expect(editOf(null, { text: "x", more: "" })).toEqual({ edit: undefined });
});

it("takes of an address what belongs to its view", () => {
  expect(lookOf({ view: "steps", step: "41", ticket: "T-1" })).toEqual({ view: "steps", step: 41, ticket: "T-1" });
  expect(lookOf({ view: "steps", step: "-1" })).toEqual({ view: "steps" });
  expect(lookOf({ view: "graph", step: 41 })).toEqual({ view: "graph" });
  expect(lookOf({ view: "moon" })).toEqual({});
});
