import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import type { HumanResponse, InterruptDetail } from "./generated/api";

/** What waits: the highest risk first, and of these the oldest. The server says in which order. */
export const waiting = queryOptions({
  queryKey: ["approvals", "waiting"],
  queryFn: async () => take(client.GET("/api/hitl", { params: { query: { state: "waiting" } } })),
});

/** What was decided, the newest first. */
export const decided = queryOptions({
  queryKey: ["approvals", "decided"],
  queryFn: async () => {
    const all = await take(client.GET("/api/hitl"));
    const items = all.items.filter(({ state }) => state !== "waiting");
    return { items: items.sort((a, b) => b.raised_at.localeCompare(a.raised_at)) };
  },
});

export const question = (id: string) =>
  queryOptions({
    queryKey: ["approval", id],
    queryFn: async () => take(client.GET("/api/hitl/{interrupt}", { params: { path: { interrupt: id } } })),
  });

export async function answer(id: string, response: HumanResponse): Promise<InterruptDetail> {
  return take(client.POST("/api/hitl/{interrupt}/respond", { params: { path: { interrupt: id } }, body: response }));
}
