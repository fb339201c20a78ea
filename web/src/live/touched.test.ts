import { expect, it } from "vitest";
import type { Event } from "~/api/generated/live";

type EventBody = Event["body"];
import { touched } from "./touched";

function event(body: Partial<EventBody> & { type: EventBody["type"] }, subject: Event["subject"] = {}): Event {
  return {
    seq: 7,
    at: "2026-11-22T06:00:00Z",
    actor: { kind: "system", part: "scheduler" },
    hash: "h",
    prev: "p",
    tenant: "default",
    subject,
    body: body as EventBody,
  };
}

it("names the run and the ticket that an event is about, and the lists that they stand in", () => {
  const keys = touched(event({ type: "ticket_state_changed", to: { state: "merged" } }, { run: "run_1", ticket: "T-1" }));
  expect(keys).toContainEqual(["runs"]);
  expect(keys).toContainEqual(["run", "run_1"]);
  expect(keys).toContainEqual(["ticket", "run_1", "T-1"]);
});

it("names the question that was answered, by whichever event says so", () => {
  const answered = event({ type: "interrupt_answered", interrupt: "int_1", response: { type: "accept" } } as never);
  expect(touched(answered)).toContainEqual(["approval", "int_1"]);
  expect(touched(answered)).toContainEqual(["approvals"]);
  const raised = event({ type: "interrupt_raised", interrupt: { id: "int_2" } } as never);
  expect(touched(raised)).toContainEqual(["approval", "int_2"]);
});

it("names the passkeys where one is added, and where somebody signs in, who may have used one", () => {
  expect(touched(event({ type: "passkey_added" } as never))).toEqual([["passkeys"]]);
  expect(touched(event({ type: "session_begun" } as never))).toContainEqual(["passkeys"]);
});

it("touches nothing where only the record was read", () => {
  expect(touched(event({ type: "audit_read" } as never))).toEqual([]);
});
