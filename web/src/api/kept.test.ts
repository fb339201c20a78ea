import { QueryClient } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://127.0.0.1:4180" });
const { keptOf } = await import("./kept");

it("keeps the work, and nothing that opens a door", () => {
  const queries = new QueryClient();
  for (const key of [["runs"], ["approvals", "waiting"], ["secrets"], ["keys"], ["sessions"], ["links"], ["users"], ["invitations"], ["audit", {}], ["vms", "said", "vm_1"], ["steps", "run_1", 4]]) {
    queries.setQueryData(key, { items: [] });
  }
  const { state, person } = keptOf(queries, "ada@example.org", 5);
  expect(person).toBe("ada@example.org");
  expect(state.queries.map(({ queryKey }) => queryKey[0]).sort()).toEqual(["approvals", "runs"]);
});

it("adds to what another page kept, for the same person and not for long", () => {
  const [one, other] = [new QueryClient(), new QueryClient()];
  const now = Date.now();
  one.setQueryData(["runs"], 1);
  one.setQueryData(["specs"], 1, { updatedAt: now - 8 * 86_400_000 });
  other.setQueryData(["projects"], 2);
  const before = keptOf(one, "ada@example.org", now);
  const names = (person: string) => keptOf(other, person, now, before).state.queries.map(({ queryKey }) => queryKey[0]).sort();
  expect(names("ada@example.org")).toEqual(["projects", "runs"]);
  expect(names("ben@example.org")).toEqual(["projects"]);
});
