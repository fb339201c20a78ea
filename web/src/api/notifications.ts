import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { client, done, take } from "./client";

/** What was read so lately, in milliseconds, is not read again by what is shown next: a page and the bell ask together. */
const LATELY = 2_000;

/** What one was told. Not each message is an event, so it is read again when somebody comes to look. */
export const told = (unread: boolean) =>
  queryOptions({
    queryKey: ["notifications", unread ? "unread" : "all"],
    queryFn: async () => take(client.GET("/api/notifications", { params: { query: unread ? { unread } : {} } })),
    staleTime: LATELY,
  });

/** Marks one message as read, or all of one's own. */
export const reading = (queries: QueryClient) => ({
  mutationFn: (id: string | undefined) => done(client.POST("/api/notifications/read", { body: id ? { id } : {} })),
  onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
});
