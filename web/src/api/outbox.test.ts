import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, it, vi } from "vitest";
import { Problem } from "~/api/problem";

const answer = vi.hoisted(() => vi.fn());
vi.mock("~/api/approvals", () => ({ answer, question: (id: string) => ({ queryKey: ["approval", id] }) }));

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
});

const { drop, forget, keep, keepAll, send } = await import("./outbox");
const stored = () => JSON.parse(kept.get("swarm.outbox") ?? "[]") as { id: string; refused?: { code: string } }[];
const problem = (status: number, code: string) => new Problem({ status, code, detail: "d", next: "n" });

beforeEach(() => {
  kept.clear();
  forget();
  answer.mockReset();
});

it("sends each answer once, also where it is asked to twice at a time", async () => {
  answer.mockResolvedValue({});
  keep("int_1", { type: "accept" });
  keep("int_2", { type: "ignore" });
  const queries = new QueryClient();
  await Promise.all([send(queries), send(queries)]);
  await send(queries);
  expect(answer.mock.calls).toEqual([
    ["int_1", { type: "accept" }],
    ["int_2", { type: "ignore" }],
  ]);
  expect(stored()).toEqual([]);
});

it("keeps what could not be sent, and the last word on a question", async () => {
  keep("int_1", { type: "accept" });
  keep("int_1", { type: "ignore" });
  answer.mockRejectedValue(problem(0, "web.unreachable"));
  await send(new QueryClient());
  expect(stored()).toMatchObject([{ id: "int_1", response: { type: "ignore" } }]);
});

it("keeps a refusal until it was read, and does not send it again", async () => {
  keep("int_1", { type: "accept" });
  answer.mockRejectedValue(problem(409, "interrupt.decided"));
  await send(new QueryClient());
  expect(stored()[0]?.refused?.code).toBe("interrupt.decided");
  await send(new QueryClient());
  expect(answer).toHaveBeenCalledTimes(1);
  drop("int_1");
  expect(stored()).toEqual([]);
});

it("keeps all of several answers or none, and goes on behind one that was refused", async () => {
  keepAll(["int_1", "int_2", "int_3"], { type: "accept" });
  expect(() => keepAll(Array.from({ length: 98 }, (_, at) => `int_a${at}`), { type: "ignore" })).toThrow("this device keeps 100");
  expect(stored().map(({ id }) => id)).toEqual(["int_1", "int_2", "int_3"]);
  answer.mockImplementation((id: string) => (id === "int_2" ? Promise.reject(problem(403, "interrupt.own_request")) : Promise.resolve({})));
  await send(new QueryClient());
  expect(stored().map(({ id, refused }) => [id, refused?.code])).toEqual([["int_2", "interrupt.own_request"]]);
});

it("is not stopped by something else that stands in its place", async () => {
  kept.set("swarm.outbox", "not JSON");
  await send(new QueryClient());
  expect(answer).not.toHaveBeenCalled();
});
