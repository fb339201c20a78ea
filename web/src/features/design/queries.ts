import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** How often it is looked whether a survey has ended, in milliseconds. */
const LOOK = 5_000;

/** A spec that is held against the code, or the draft of one. */
export const survey = (id: string) =>
  queryOptions({
    queryKey: ["surveys", id],
    queryFn: async () => take(client.GET("/api/surveys/{survey}", { params: { path: { survey: id } } })),
    // Where nothing live tells of its end, it is asked for.
    refetchInterval: ({ state }) => (state.data?.outcome ? false : LOOK),
  });
