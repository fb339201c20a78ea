import { createMemoryHistory } from "@tanstack/react-router";
import { prerenderToNodeStream } from "react-dom/static";
import { text } from "node:stream/consumers";
import { App } from "./app/App";
import { queries, router } from "./app/router";

/** What a path looks like before the server was asked for anything. Run by scripts/first.mjs, once for each page. */
export async function prerender(path: string): Promise<string> {
  // Nobody is known: pages behind the sign-in are shown as they wait.
  const nobody = Object.assign(Object.create(queries) as typeof queries, {
    ensureQueryData: async () => undefined,
    prefetchQuery: async () => undefined,
    getQueryData: () => undefined,
    getQueryState: () => undefined,
  });
  router.update({ history: createMemoryHistory({ initialEntries: [path] }), context: { queries: nobody }, scrollRestoration: false });
  await router.load();
  // What a page shows where it failed is markup like any other.
  const failed = router.state.matches.find(({ status }) => status === "error" || status === "notFound");
  if (failed) throw new Error(`${path} cannot be shown before it runs: ${failed.error}`);
  const { prelude } = await prerenderToNodeStream(<App />, {
    // Whatever its size, it stands where it belongs.
    progressiveChunkSize: Number.POSITIVE_INFINITY,
    onError: (thrown) => {
      throw thrown;
    },
  });
  const markup = await text(prelude);
  return markup.replace(/<!--.*?-->/g, "");
}
