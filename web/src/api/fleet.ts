import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";

/** What is read of agents and sandboxes, of figures and of quotas, by several pages. */

/** What a sandbox uses is in no event: while somebody looks, it is asked for this often, in milliseconds. */
const LOOK = 2_000;

export const vms = queryOptions({
  queryKey: ["vms", "all"],
  queryFn: async () => take(client.GET("/api/vms")),
  staleTime: LOOK,
  refetchInterval: LOOK,
});

export const vm = (id: string) =>
  queryOptions({
    queryKey: ["vms", "one", id],
    queryFn: async () => take(client.GET("/api/vms/{vm}", { params: { path: { vm: id } } })),
    staleTime: LOOK,
    // What is gone does not come back under the same name.
    refetchInterval: ({ state }) => (state.error ? false : LOOK),
    retry: false,
  });

/** How the whole fares, lately. */
export const vitals = queryOptions({
  queryKey: ["figures", "fleet"],
  queryFn: async () => take(client.GET("/api/stats/fleet")),
});

/** What was done so far, by each agent with each model. */
export const overview = queryOptions({
  queryKey: ["figures", "overview"],
  queryFn: async () => take(client.GET("/api/stats")),
});

export const quotas = queryOptions({
  queryKey: ["budgets"],
  queryFn: async () => take(client.GET("/api/budgets")),
});

/** Alerts that go on and that ended lately. */
export const alerts = queryOptions({
  queryKey: ["alerts"],
  queryFn: async () => take(client.GET("/api/alerts")),
});
