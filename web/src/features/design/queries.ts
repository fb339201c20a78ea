import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** A spec that is held against the code. */
export const survey = (id: string) =>
  queryOptions({
    queryKey: ["surveys", id],
    queryFn: async () => take(client.GET("/api/surveys/{survey}", { params: { path: { survey: id } } })),
  });
