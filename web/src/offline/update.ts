import { useSyncExternalStore } from "react";

/** The service worker, from the page's side: that there is one, and when a newer one waits. */

const listeners = new Set<() => void>();
let waits: ServiceWorker | undefined;

function found(worker: ServiceWorker | null) {
  if (!worker || !navigator.serviceWorker.controller) return;
  waits = worker;
  for (const listener of listeners) listener();
}

/** Has the app's files kept, once the page stands. Where a browser knows no service workers, nothing is lost but that. */
export function install(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const begin = async () => {
    const registration = await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
    const watch = () => {
      const coming = registration.installing;
      coming?.addEventListener("statechange", () => coming.state === "installed" && found(registration.waiting));
    };
    found(registration.waiting);
    // The browser looks for a newer one by itself when a page is opened, and may have begun before this was.
    watch();
    registration.addEventListener("updatefound", watch);
    // A page that is open for days looks for a newer one when somebody comes back to it.
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void registration.update().catch(() => undefined));
  };
  const start = () => void begin().catch(() => undefined);
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
}

/** Whether a newer app waits. */
export function useUpdate(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => waits !== undefined,
    () => false,
  );
}

/** Loads the page anew, with the newest app that the server has. */
export async function reload(): Promise<void> {
  const again = () => location.reload();
  const registration = "serviceWorker" in navigator ? await navigator.serviceWorker.getRegistration().catch(() => undefined) : undefined;
  if (!registration) return again();
  navigator.serviceWorker.addEventListener("controllerchange", again, { once: true });
  const newest = waits ?? registration.waiting;
  if (newest) return newest.postMessage("take over");
  // None waits: what is kept is not used for this once.
  await registration.unregister();
  return again();
}
