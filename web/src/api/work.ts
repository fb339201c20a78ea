import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";

/** What is read of the work, by several pages. */

export const runs = queryOptions({
  queryKey: ["runs"],
  queryFn: async () => take(client.GET("/api/runs")),
});

export const projects = queryOptions({
  queryKey: ["projects"],
  queryFn: async () => take(client.GET("/api/projects")),
});

export const run = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: async () => take(client.GET("/api/runs/{run}", { params: { path: { run: id } } })),
  });

export const tickets = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "tickets"],
    queryFn: async () => take(client.GET("/api/runs/{run}/tickets", { params: { path: { run: id } } })),
  });

/** What became of each requirement of a run. */
export const trace = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "trace"],
    queryFn: async () => take(client.GET("/api/runs/{run}/trace", { params: { path: { run: id } } })),
  });

/** A plan never changes once it is there, and no event has to make it old. */
export const plan = (id: string) =>
  queryOptions({
    queryKey: ["plans", id],
    queryFn: async () => take(client.GET("/api/plans/{plan}", { params: { path: { plan: id } } })),
  });

export const plans = queryOptions({
  queryKey: ["plans"],
  queryFn: async () => take(client.GET("/api/plans")),
});

export const spec = (id: string) =>
  queryOptions({
    queryKey: ["specs", id],
    queryFn: async () => take(client.GET("/api/specs/{spec}", { params: { path: { spec: id } } })),
  });

export const specs = queryOptions({
  queryKey: ["specs"],
  queryFn: async () => take(client.GET("/api/specs")),
});

/** What became of each requirement between two versions of a spec. */
export const delta = (id: string, from: string) =>
  queryOptions({
    queryKey: ["specs", id, "delta", from],
    queryFn: async () => take(client.GET("/api/specs/{spec}/delta", { params: { path: { spec: id }, query: { from } } })),
  });
