import { type ReactNode, startTransition, useEffect, useLayoutEffect } from "react";
import { createRoot } from "react-dom/client";
import { wasSignedIn } from "./api/session";
import { App } from "./app/App";
import { queries, router } from "./app/router";
import { install } from "./offline/update";
import { whenIdle } from "./parts/idle";

/** The longest that the first paint stands for answers of the server, in milliseconds. */
const LONGEST = 800;

// Who was here before is likely to be here still: what the address names is fetched while the server is asked.
if (wasSignedIn()) {
  const [wanted] = router.getMatchedRoutes(location.pathname);
  for (const { options } of wanted) options.component?.preload?.()?.catch(() => undefined);
}

const root = document.getElementById("root");
if (root) void start(root);

/**
 * Puts the app where its first paint stands, once it has as much to show: what the page asked for is rendered with it, and not after it.
 * It is rendered in slices, between which the browser may do other things.
 */
async function start(root: HTMLElement) {
  if (root.firstElementChild) {
    // Reading this file was one piece of work: the browser may do something else before the next.
    await new Promise((done) => setTimeout(done));
    await router.load();
    await answered();
  }
  startTransition(() =>
    createRoot(root).render(
      <Placed root={root}>
        <App />
      </Placed>,
    ),
  );
}

/** Until nothing is asked for any more. */
function answered(): Promise<void> {
  const asked = queries.getQueryCache();
  return new Promise((done) => {
    const end = () => {
      clearTimeout(late);
      leave();
      done();
    };
    const look = () => queries.isFetching() === 0 && end();
    const late = setTimeout(end, LONGEST);
    const leave = asked.subscribe(look);
    look();
  });
}

/** Knows when the app stands in the place of its first paint, which takes no key and no click. */
function Placed({ root, children }: { root: HTMLElement; children: ReactNode }) {
  useLayoutEffect(() => {
    root.inert = false;
    delete root.dataset.page;
  }, [root]);
  useEffect(() => whenIdle(install), []);
  return children;
}
