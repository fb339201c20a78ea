import { createECDH, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import ece from "http_ece";
import type { Browser, CDPSession } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { Swarm } from "./swarm";

/**
 * A browser is told while no page says anything. Chromium's own push service is not to be reached here, so the subscription is
 * played: the keys and the service, over HTTP, are this test's. What the server sends there is opened with these keys and handed to
 * the real service worker, as the browser would.
 */

const [ADA, PASSWORD] = ["ada@example.org", "correct horse battery"];
const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

const RULES = `
[flows.notifications]
every_seconds = 1

[flows.notifications.push]
services = ["127.0.0.1"]
private = true
http = true

[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false
`;

const keys = createECDH("prime256v1");
keys.generateKeys();
const auth = randomBytes(16);

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let debug: CDPSession;
let registrationId = "";
let service: Server;
const sent: { authorization: string; body: Buffer }[] = [];

beforeAll(async () => {
  service = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      sent.push({ authorization: request.headers.authorization ?? "", body: Buffer.concat(parts) });
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((done) => service.listen(0, "127.0.0.1", done));
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ada = await Person.at(browser, swarm.url, "phone", "allow");
  await ada.context.grantPermissions(["notifications"]);
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}/phone`;
  await ada.context.addInitScript(
    ([endpoint, p256dh, auth]) => {
      const given = { endpoint, toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh, auth } }), unsubscribe: async () => (localStorage.removeItem("played"), true) };
      Object.assign(PushManager.prototype, {
        subscribe: async ({ applicationServerKey }: { applicationServerKey: string }) => (localStorage.setItem("played", applicationServerKey), given),
        getSubscription: async () => (localStorage.getItem("played") ? given : null),
      });
    },
    [endpoint, keys.getPublicKey("base64url"), auth.toString("base64url")] as const,
  );
  await ada.join(swarm.firstStart, ADA, PASSWORD);
  debug = await ada.context.newCDPSession(ada.page);
  debug.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    registrationId = registrations.find(({ isDeleted }) => !isDeleted)?.registrationId ?? registrationId;
  });
  await debug.send("ServiceWorker.enable");
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
  service?.close();
});

/** What came for the browser, opened. */
async function next(count: number): Promise<string> {
  await expect.poll(() => sent.length).toBe(count);
  return ece.decrypt(sent[count - 1]?.body as Buffer, { version: "aes128gcm", privateKey: keys, authSecret: auth.toString("base64url") }).toString();
}

/** Hands a message to the service worker, as the browser does. */
async function deliver(data: string): Promise<void> {
  await expect.poll(() => registrationId).not.toBe("");
  await debug.send("ServiceWorker.deliverPushMessage", { origin: swarm.url, registrationId, data });
}

const shown = () =>
  ada.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const all = (await registration.getNotifications()) as (Notification & { actions?: { action: string }[] })[];
    return all.map(({ title, body, tag, actions }) => ({ title, body, tag, actions: (actions ?? []).map(({ action }) => action) }));
  });

/** A tap on what is shown: there is none that a test could tap, so the worker is told of one. */
async function tap(action: string): Promise<void> {
  const [worker] = ada.context.serviceWorkers();
  if (!worker) throw new Error("there is no service worker");
  await worker.evaluate(async (action) => {
    const worker = self as unknown as ServiceWorkerGlobalScope;
    const [notification] = await worker.registration.getNotifications();
    if (!notification) throw new Error("nothing is shown");
    worker.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
  }, action);
}

describe("a browser that is told", () => {
  let question = "";

  it("is turned on in the settings, and tried", async () => {
    const { page } = ada;
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await ada.go("/settings");
    await accessible(page, "settings of a browser that is not told");
    await page.getByRole("button", { name: "Tell me in this browser" }).tap();
    await page.getByText("on in this browser").waitFor();
    await page.getByRole("button", { name: "Send a test" }).tap();
    await page.getByText("Sent to one browser.").waitFor();
    expect(JSON.parse(await next(1))).toMatchObject({ title: "swarm reaches you in this browser", quick: false });
    expect(sent[0]?.authorization).toMatch(/^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=[\w-]{87}$/);
    await accessible(page, "settings of a browser that is told");
    await fits(page, "settings of a browser that is told");
  });

  it("is told of a question, and answers it with one tap", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
    await swarm.ask("POST", "/api/runs", { plan: plan.id, options: { budget: {}, max_parallel: 3, max_attempts: 3 } });
    const text = await next(2);
    const said = JSON.parse(text) as { interrupt: string; quick: boolean; title: string };
    question = said.interrupt;
    expect(said.title).toContain("A plan waits for an answer");
    await deliver(text);
    await expect.poll(shown).toHaveLength(1);
    const [one] = await shown();
    expect(one).toMatchObject({ title: said.title, tag: question, actions: said.quick ? ["accept", "ignore"] : [] });
    await tap("accept");
    const decided = async () => (await swarm.ask<{ summary: { decided?: string } }>("GET", `/api/hitl/${question}`)).summary.decided ?? "";
    await expect.poll(decided).toContain(ADA);
    await expect.poll(async () => (await shown()).map(({ title }) => title)).toEqual(["Approved"]);
  });

  it("says who was first, and leads to the question", async () => {
    const { page } = ada;
    await tap("accept");
    await expect.poll(async () => (await shown()).map(({ title }) => title)).toHaveLength(1);
    await ada.go("/settings");
    await tap("");
    await page.waitForURL((url) => url.pathname === `/approvals/${question}`);
    await ada.settled();
  });

  it("shows something whatever came, and leads nowhere else", async () => {
    await deliver('{"title":"x","interrupt":"../../api/auth/logout","quick":true}');
    await expect.poll(async () => (await shown()).map(({ title, actions }) => [title, actions])).toEqual([["x", []]]);
    await tap("accept");
    await expect.poll(shown).toEqual([]);
    // The worker is still on its way there when the message is gone.
    await ada.page.waitForURL((url) => url.pathname === "/approvals");
    await ada.settled();
    expect((await swarm.ask<{ items: unknown[] }>("GET", "/api/users")).items).toHaveLength(1);
  });

  it("is told no more when it is turned off", async () => {
    const { page } = ada;
    await ada.go("/settings");
    await page.getByRole("button", { name: "Turn it off: this browser" }).tap();
    await page.getByText("off in this browser").waitFor();
    expect(await page.evaluate(() => localStorage.getItem("played"))).toBeNull();
    expect(ada.complaints).toEqual([]);
  });
});
