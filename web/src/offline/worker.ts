/**
 * The service worker: gives the app's own files from this device, so that it starts without a server. Nothing of the API passes
 * through it, so that it can keep none of it. `scripts/worker.ts` puts in which files there are, and writes it as /sw.js.
 */
declare const __FILES__: readonly string[];
declare const __VERSION__: string;
const worker = self as unknown as ServiceWorkerGlobalScope;

const CACHE = `swarm-app-${__VERSION__}`;
const PAGE = "/";
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
  const path = request.mode === "navigate" ? PAGE : pathname;
  if (!__FILES__.includes(path)) return;
  event.respondWith(caches.open(CACHE).then(async (cache) => (await cache.match(path, { ignoreVary: true })) ?? fetch(request)));
});
