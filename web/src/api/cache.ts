import { QueryCache, QueryClient } from "@tanstack/react-query";
import { problemOf } from "./problem";

/** Kept in memory, in milliseconds. What is live is told by events; this is for pages that were left. */
const KEPT = 30 * 60_000;

/** What the server said lately. Events say what is old, so nothing is asked again by time alone. */
export function queryClient(signedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (thrown) => {
        if (problemOf(thrown).status === 401) signedOut();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: KEPT,
        refetchOnWindowFocus: false,
        // Asked again where it may help: not where the server said no.
        retry: (count, thrown) => {
          const { status } = problemOf(thrown);
          return count < 2 && (status === 0 || status >= 500);
        },
        retryDelay: (count) => Math.min(500 * 2 ** count, 4_000),
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
