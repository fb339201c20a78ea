import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";

/** What is said in a sandbox is in no event either; asked for this often, in milliseconds, while it is on the screen. */
const LOOK = 2_000;
/** As many lines as are shown. */
const LINES = 200;

export const snapshots = queryOptions({
  queryKey: ["snapshots"],
  queryFn: async () => take(client.GET("/api/snapshots")),
});

export const said = (id: string) =>
  queryOptions({
    queryKey: ["vms", "said", id],
    queryFn: async () => take(client.GET("/api/vms/{vm}/console", { params: { path: { vm: id }, query: { lines: LINES } } })),
    refetchInterval: ({ state }) => (state.error ? false : LOOK),
    retry: false,
  });
