import { RENEWAL } from "./lock";
import { read, type Said } from "./said";

/**
 * The service worker: gives the app's own files from this device, so that it starts without a server, and shows what the server
 * has to say while no page is open. What pages ask of the API does not pass through it, so that it can keep none of it.
 * `scripts/worker.ts` puts in which files there are, and writes it as /sw.js.
 */
declare const __FILES__: readonly string[];
declare const __VERSION__: string;
const worker = self as unknown as ServiceWorkerGlobalScope;

const CACHE = `swarm-app-${__VERSION__}`;
/** The page that every path begins with which has none of its own. */
const PAGE = "/index.html";
/** First parts of paths that are not the app's; the same as the server has them. */
const OTHERS = ["api", "claim", "complete", "health", "livez", "readyz", "metrics", ".well-known", "mcp"];

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(__FILES__.map((path) => new Request(path, { cache: path.startsWith("/assets/") ? "default" : "reload" })))));
});

worker.addEventListener("activate", (event) => {
  const clean = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("swarm-app-") && name !== CACHE).map((name) => caches.delete(name)));
  };
  event.waitUntil(clean());
});

// A newer one waits until somebody says so, or no page is open any more.
worker.addEventListener("message", ({ data }) => {
  if (data === "take over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (OTHERS.includes(pathname.split("/").find(Boolean) ?? "")) return;
  const path = request.mode === "navigate" ? pageOf(pathname) : pathname;
  if (!__FILES__.includes(path)) return;
  event.respondWith(caches.open(CACHE).then(async (cache) => (await cache.match(path, { ignoreVary: true })) ?? fetch(request)));
});

/** The page that a path begins with; the same as the server has it. */
function pageOf(pathname: string): string {
  const own = `/pages/${pathname.split("/").find(Boolean) ?? "home"}.html`;
  return __FILES__.includes(own) ? own : PAGE;
}

/** What a browser knows and its types do not yet (Notifications API). */
type Shown = NotificationOptions & { renotify?: boolean; actions?: { action: string; title: string }[] };

function show(title: string, options: Shown): Promise<void> {
  return worker.registration.showNotification(title, { icon: "/icon-192.png", badge: "/icon-mask.png", ...options });
}

// A browser wants something to be shown for each message, whatever it is.
worker.addEventListener("push", (event) => {
  const said = read(event.data?.text() ?? "");
  const actions = [
    { action: "accept", title: "Approve" },
    { action: "ignore", title: "Reject" },
  ];
  event.waitUntil(
    show(said.title, {
      body: said.body,
      // What is said of a question again takes the place of what was said before.
      tag: said.interrupt ?? said.id,
      renotify: said.again,
      data: said,
      ...(said.quick ? { actions } : {}),
    }),
  );
});

worker.addEventListener("notificationclick", (event) => {
  const { action, notification } = event as NotificationEvent;
  const said = notification.data as Said;
  notification.close();
  const isAnswer = action === "accept" || action === "ignore";
  event.waitUntil(isAnswer && said.interrupt ? answered(said, said.interrupt, action) : opened(said));
});

/** Answers in the session of this browser, and says what became of it. */
async function answered(said: Said, interrupt: string, type: "accept" | "ignore"): Promise<void> {
  const ask = () =>
    fetch(`/api/hitl/${encodeURIComponent(interrupt)}/respond`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type }),
    });
  const tell = (title: string) => show(title, { body: said.title, tag: interrupt, data: { ...said, quick: false } });
  try {
    let response = await ask();
    if (response.status === 401) {
      await navigator.locks.request(RENEWAL, () => fetch("/api/auth/refresh", { method: "POST" }));
      response = await ask();
    }
    if (response.ok) return await tell(type === "accept" ? "Approved" : "Rejected");
    const problem = (await response.json().catch(() => ({}))) as { detail?: unknown };
    await tell(typeof problem.detail === "string" ? `Not answered: ${problem.detail}` : `Not answered: status ${response.status}`);
  } catch {
    await tell("Not answered: the server is away. Open it to answer later");
  }
}

/** Leads to what it is about, in a page that is open or a new one. */
async function opened({ interrupt }: Said): Promise<void> {
  const path = interrupt === undefined ? "/approvals" : `/approvals/${encodeURIComponent(interrupt)}`;
  const pages = await worker.clients.matchAll({ type: "window" });
  const page = pages.find(({ visibilityState }) => visibilityState === "visible") ?? pages[0];
  if (!page) return void (await worker.clients.openWindow(path));
  const there = await page.navigate(path).catch(() => null);
  await (there ?? page).focus();
}
