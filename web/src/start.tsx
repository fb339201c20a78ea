import { createRoot } from "react-dom/client";
import { wasSignedIn } from "./api/session";
import { App } from "./app/App";
import { router } from "./app/router";
import { install } from "./offline/update";

// Who was here before is likely to be here still: what the address names is fetched while the server is asked.
if (wasSignedIn()) {
  const [wanted] = router.getMatchedRoutes(location.pathname);
  for (const { options } of wanted) options.component?.preload?.()?.catch(() => undefined);
}

const root = document.getElementById("root");
if (root) void start(root);

/** Puts the app where its first paint stands, once it has as much to show. */
async function start(root: HTMLElement) {
  if (root.firstElementChild) await router.load();
  createRoot(root).render(<App />);
  root.inert = false;
  delete root.dataset.page;
  install();
}
