import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import type { CheckedModel } from "./generated/api";

/** The models that the server calls. They are known from its start, and no event says how they fare. */
export const models = queryOptions({
  queryKey: ["models"],
  queryFn: async () => take(client.GET("/api/models")),
  staleTime: 0,
});

/** Asks a model one short thing, really. */
export async function tryModel(model: string): Promise<CheckedModel> {
  return take(client.POST("/api/models/check", { body: { model } }));
}

/** Who serves a model: what stands before the first stroke of its name. */
export function providerOf(model: string): string {
  return model.slice(0, Math.max(0, model.indexOf("/"))) || model;
}
