import { client, done, take } from "~/api/client";
import type { Me } from "~/api/generated/api";

/** Whether this browser is told by the server: its subscription, and for which session the server knows it. */
const FLAG = "swarm.push";

export type Ability = "yes" | "denied" | "no";

/** Whether this browser can be told at all. On an iPhone only an app on the Home Screen can. */
export function ability(): Ability {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "no";
  return Notification.permission === "denied" ? "denied" : "yes";
}

async function registered(): Promise<ServiceWorkerRegistration> {
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration) throw new Error("the app was not kept on this device yet: load the page again");
  return registration;
}

async function add(subscription: PushSubscription): Promise<void> {
  const { endpoint, keys } = subscription.toJSON();
  if (!endpoint || !keys?.p256dh || !keys.auth) throw new Error("this browser gave no keys");
  await take(client.POST("/api/notifications/push", { body: { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } } }));
}

const mark = ({ person, session }: Me) => `${session ?? ""} ${person}`;

/** Lets this browser be told. Asks the person first, as browsers want it. */
export async function turnOn(who: Me, key: string): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("this browser was not allowed to show messages");
  const registration = await registered();
  // One that was made for another key, by a database that was there before, takes nothing of this server.
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  try {
    await add(subscription);
  } catch (refused) {
    await subscription.unsubscribe();
    throw refused;
  }
  localStorage.setItem(FLAG, mark(who));
}

/** Lets a browser be told no more; this one also takes nothing any more. */
export async function turnOff(browser: string, isThis: boolean): Promise<void> {
  await done(client.DELETE("/api/notifications/push/{browser}", { params: { path: { browser } } }));
  if (!isThis) return;
  localStorage.removeItem(FLAG);
  await (await (await registered()).pushManager.getSubscription())?.unsubscribe();
}

/** Who signs in again in a browser where they were told is told on: the server forgot it with the session before. */
export async function goOn(who: Me): Promise<void> {
  const before = localStorage.getItem(FLAG);
  if (before === null || !who.session || before === mark(who) || ability() !== "yes") return;
  const isTheirs = before.endsWith(` ${who.person}`);
  const subscription = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
  if (!isTheirs || !subscription) return;
  await add(subscription);
  localStorage.setItem(FLAG, mark(who));
}
