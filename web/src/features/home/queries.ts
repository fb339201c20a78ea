import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** How the whole fares, lately. */
export const fleet = queryOptions({
  queryKey: ["figures", "fleet"],
  queryFn: async () => take(client.GET("/api/stats/fleet")),
});

/** Alerts that go on and that ended lately. */
export const alerts = queryOptions({
  queryKey: ["alerts"],
  queryFn: async () => take(client.GET("/api/alerts")),
});
