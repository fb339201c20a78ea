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
