import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** What one was told. Not each message is an event, so it is read again when somebody comes to look. */
export const told = (unread: boolean) =>
  queryOptions({
    queryKey: ["notifications", unread ? "unread" : "all"],
    queryFn: async () => take(client.GET("/api/notifications", { params: { query: unread ? { unread } : {} } })),
    staleTime: 0,
  });

/** What could not be sent, to whomever. */
export const dead = queryOptions({
  queryKey: ["notifications", "dead"],
  queryFn: async () => take(client.GET("/api/notifications/dead")),
  staleTime: 0,
});
