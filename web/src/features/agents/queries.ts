import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** One ticket with its attempts and their steps; kept under the same key as on its own page. */
export const ticket = (run: string, id: string) =>
  queryOptions({
    queryKey: ["ticket", run, id],
    queryFn: async () => take(client.GET("/api/runs/{run}/tickets/{ticket}", { params: { path: { run, ticket: id } } })),
  });

/** How much work waits for hands. */
export const demand = queryOptions({
  queryKey: ["figures", "demand"],
  queryFn: async () => take(client.GET("/api/workers/demand")),
});
