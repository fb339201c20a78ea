import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

export const sessions = queryOptions({
  queryKey: ["sessions"],
  queryFn: async () => take(client.GET("/api/auth/sessions")),
});

export const keys = queryOptions({
  queryKey: ["keys"],
  queryFn: async () => take(client.GET("/api/keys")),
});

export const browsers = queryOptions({
  queryKey: ["browsers"],
  queryFn: async () => take(client.GET("/api/notifications/push")),
});
