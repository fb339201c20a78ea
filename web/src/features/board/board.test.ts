import { expect, it } from "vitest";
import type { Run, TicketSummary } from "~/api/generated/api";
import { arranged, cardsOf, neighbour, shown, type State } from "./cards";
import { filterOf } from "./filter";
import { effect, moveInto, movesOf } from "./moves";

const run = (state: Run["state"]["state"]) => ({ id: "run_01abcdef", project: "textstat", plan: "plan_1", state: { state } }) as Run;
const ticket = (id: string, state: State, more: Partial<TicketSummary> = {}) =>
  ({ id, title: `Do ${id}`, requirements: ["REQ-1"], attempts: 1, state: { state }, ...more }) as TicketSummary;
const cards = (state: Run["state"]["state"], ...tickets: TicketSummary[]) => cardsOf(run(state), "Text", tickets, undefined);

it("takes of an address what it knows, and nothing else", () => {
  expect(filterOf({ run: "run_1", text: "words", state: "merged", risk: "high", lanes: "risk", x: 1 })).toEqual({
    run: "run_1",
    text: "words",
    state: "merged",
    risk: "high",
    lanes: "risk",
  });
  expect(filterOf({ run: 7, text: " ", state: "gone", risk: "huge", lanes: "moon" })).toEqual({});
});

it("lets a card go only where the server would let it", () => {
  expect(movesOf("merged", { state: "done" })).toEqual([]);
  expect(movesOf("working", { state: "running" })).toEqual(["cancel"]);
  expect(movesOf("cancelled", { state: "running" })).toEqual([]);
  expect(movesOf("cancelled", { state: "cancelled" })).toEqual(["retry"]);
  const [stuck] = cards("done", ticket("T-1", "needs_person"));
  expect(moveInto(stuck!, "waiting")).toBe("retry");
  expect(moveInto(stuck!, "cancelled")).toBe("cancel");
  expect(moveInto(stuck!, "merged")).toBeUndefined();
  const [waits] = cards("done", ticket("T-1", "waiting"));
  expect(moveInto(waits!, "waiting")).toBeUndefined();
});

it("says what follows, and names what is held up", () => {
  const plan = { tickets: [{ id: "T-1", risk: "low", depends_on: [] }, { id: "T-2", risk: "high", depends_on: [{ on: "T-1", kind: "blocks" }] }] };
  const [first, second] = cardsOf(run("running"), "Text", [ticket("T-1", "working"), ticket("T-2", "waiting")], plan as never);
  expect(effect("cancel", first!).join(" ")).toContain("The agent stops");
  expect(effect("cancel", first!).join(" ")).toContain("1 ticket cannot begin without it: T-2");
  expect(effect("cancel", second!).join(" ")).toContain("No ticket waits for it");
  expect(second!.risk).toBe("high");
});

it("finds by every word, wherever it stands", () => {
  const all = cards("running", ticket("T-1", "working", { title: "Count words", agent: "coder" }), ticket("T-2", "merged", { title: "Count lines" }));
  expect(shown(all, { text: "count CODER" }).map(({ ticket }) => ticket.id)).toEqual(["T-1"]);
  expect(shown(all, { state: "merged" }).map(({ ticket }) => ticket.id)).toEqual(["T-2"]);
  expect(shown(all, { risk: "high" })).toEqual([]);
});

it("draws lanes one below the other, and goes from card to card by keys", () => {
  const all = cards("running", ticket("T-1", "waiting"), ticket("T-2", "merged"), ticket("T-3", "merged", { requirements: ["REQ-2"] }));
  const flat = arranged(all, undefined);
  expect(flat.lines.length).toBe(2);
  expect(flat.counts.merged).toBe(2);
  const laned = arranged(all, "requirement");
  expect(laned.lines.map((line) => line.kind)).toEqual(["lane", "cards", "lane", "cards"]);
  expect(laned.columns.merged.map((card) => card?.ticket.id)).toEqual([undefined, "T-2", undefined, "T-3"]);
  expect(neighbour(laned, undefined, "down")).toEqual({ state: "waiting", line: 1 });
  expect(neighbour(laned, { state: "waiting", line: 1 }, "right")).toEqual({ state: "merged", line: 1 });
  expect(neighbour(laned, { state: "merged", line: 1 }, "down")).toEqual({ state: "merged", line: 3 });
  expect(neighbour(laned, { state: "merged", line: 3 }, "down")).toBeUndefined();
});
