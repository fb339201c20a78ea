import { infiniteQueryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";
import type { Filter } from "./filter";

const PAGE = 100;

/** The record, the newest first, page by page. Reading it is itself recorded, so it is read when somebody asks for it. */
export const record = (filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: async ({ pageParam }) =>
      take(client.GET("/api/audit", { params: { query: { ...filter, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.more ? page.cursor : undefined),
  });

export async function verify() {
  return take(client.GET("/api/audit/verify"));
}
