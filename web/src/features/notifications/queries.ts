import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** What could not be sent, to whomever. */
export const dead = queryOptions({
  queryKey: ["notifications", "dead"],
  queryFn: async () => take(client.GET("/api/notifications/dead")),
  staleTime: 0,
});
