import { RENEWAL } from "~/offline/lock";

/** A page that finds that another one has just renewed, this lately in milliseconds, takes that. */
const FRESH = 5_000;
const AT = "swarm.renewed-at";

let under_way: Promise<boolean> | undefined;

/**
 * Renews the session by its refresh cookie; whether it goes on. A refresh token counts once: all who wait in this page share one
 * renewal, and pages of one browser take turns.
 */
export function renewed(): Promise<boolean> {
  under_way ??= inTurn(renew).finally(() => {
    under_way = undefined;
  });
  return under_way;
}

async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
  return "locks" in navigator ? navigator.locks.request(RENEWAL, work) : work();
}

async function renew(): Promise<boolean> {
  const age = Date.now() - Number(localStorage.getItem(AT) ?? 0);
  if (age >= 0 && age < FRESH) return true;
  const response = await fetch("/api/auth/refresh", { method: "POST" });
  if (response.ok) localStorage.setItem(AT, String(Date.now()));
  // A server that is busy or away says nothing about the session.
  if (!response.ok && response.status !== 401) throw new TypeError(`status ${response.status}`);
  return response.ok;
}
