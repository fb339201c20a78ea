import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

export const users = queryOptions({
  queryKey: ["users"],
  queryFn: async () => take(client.GET("/api/users")),
});

export const invitations = queryOptions({
  queryKey: ["invitations"],
  queryFn: async () => take(client.GET("/api/invitations")),
});

/** How the program fares. It answers with 503 where something is wrong, and says what. */
export const health = queryOptions({
  queryKey: ["figures", "health"],
  queryFn: async () => take(client.GET("/health")),
});

export const alerts = queryOptions({
  queryKey: ["alerts"],
  queryFn: async () => take(client.GET("/api/alerts")),
});

export const workers = queryOptions({
  queryKey: ["workers"],
  queryFn: async () => take(client.GET("/api/workers")),
});

/** Names, hosts and ages: the server gives no value of a secret to anybody. */
export const secrets = queryOptions({
  queryKey: ["secrets"],
  queryFn: async () => take(client.GET("/api/secrets")),
});

/** They are read when the server starts, and no event says that they changed. */
export const policies = queryOptions({
  queryKey: ["policies"],
  queryFn: async () => take(client.GET("/api/policies")),
  staleTime: 60_000,
});

/** Decides for somebody else, and does nothing. What it goes by may change at any time. */
export const explained = (who: string, action: string, about: string | undefined) =>
  queryOptions({
    queryKey: ["explained", who, action, about ?? ""],
    queryFn: async () => take(client.GET("/api/auth/explain", { params: { query: { who, action, ...(about ? { about } : {}) } } })),
    staleTime: 0,
    gcTime: 0,
  });

/** The folder of agents is looked at whenever it is asked for, and no event says that a file changed. */
export const agentFiles = queryOptions({
  queryKey: ["agent-files"],
  queryFn: async () => take(client.GET("/api/agents")),
  staleTime: 0,
});

/** One with what it is told. */
export const agentText = (agent: string) =>
  queryOptions({
    queryKey: ["agent-files", agent],
    queryFn: async () => take(client.GET("/api/agents/{agent}", { params: { path: { agent } } })),
    staleTime: 0,
  });

/** They are read when the server starts, which may have been since. */
export const settings = queryOptions({
  queryKey: ["settings"],
  queryFn: async () => take(client.GET("/api/settings")),
  staleTime: 60_000,
});
