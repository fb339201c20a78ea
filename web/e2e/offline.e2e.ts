import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { Swarm } from "./swarm";

/** The app on a phone whose server is away: it opens, says how old it is, and sends an answer once. */

const ADA = "ada@example.org";
const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

const DIST = resolve(import.meta.dirname, "../dist");

let swarm: Swarm;
let browser: Browser;
let ada: Person;

const kept = () =>
  ada.page.evaluate(async () => {
    const names = await indexedDB.databases();
    if (!names.some(({ name }) => name === "swarm")) return "";
    const db = await new Promise<IDBDatabase>((done) => {
      const opening = indexedDB.open("swarm");
      opening.onsuccess = () => done(opening.result);
    });
    const value = await new Promise<unknown>((done) => {
      const asked = db.transaction("kept").objectStore("kept").get("known");
      asked.onsuccess = () => done(asked.result);
    });
    db.close();
    return JSON.stringify(value ?? "");
  });

beforeAll(async () => {
  swarm = await Swarm.start();
  browser = await launch();
  ada = await Person.at(browser, swarm.url, "phone", "allow");
  await ada.join(swarm.firstStart, ADA, "correct horse battery");
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

describe("without a server", () => {
  let question = "";

  it("keeps the app's files, and nothing of the API", async () => {
    const { page } = ada;
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
    await swarm.ask("POST", "/api/runs", { plan: plan.id, options: { budget: {}, max_parallel: 3, max_attempts: 3 } });
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await expect.poll(async () => (await swarm.ask<{ items: { id: string }[] }>("GET", "/api/hitl?state=waiting")).items.length).toBeGreaterThan(0);
    question = (await swarm.ask<{ items: { id: string }[] }>("GET", "/api/hitl?state=waiting")).items[0]?.id ?? "";
    await ada.go("/runs");
    await page.getByText(/^textstat: numbers/).first().waitFor();
    await expect.poll(kept).toContain('"queryKey":["specs"]');
    await ada.go("/settings");
    await ada.go(`/approvals/${question}`);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await ada.isLive();
    await page.waitForTimeout(3_000);
    const paths = await page.evaluate(async () => {
      const names = await caches.keys();
      const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)));
      return all.flat();
    });
    expect(paths).toContain("/index.html");
    expect(paths).toContain("/pages/approvals.html");
    expect(paths.filter((path) => path.startsWith("/api"))).toEqual([]);
    const text = await kept();
    expect(text).toContain('"queryKey":["runs"]');
    expect(text).toContain(question);
    expect(text).not.toMatch(/"queryKey":\["(sessions|keys|secrets|links|users|invitations|audit)"/);
  });

  it("opens with what was last known, says how old it is, and keeps an answer", async () => {
    const { page } = ada;
    await swarm.kill();
    await page.reload();
    await page.getByText("This is old.").waitFor({ timeout: 30_000 });
    await accessible(page, "a question without a server");
    await fits(page, "a question without a server");
    await page.getByRole("button", { name: "Approve" }).tap();
    await page.getByText("Approved on this device").waitFor();
    await page.goto("/runs");
    await page.getByText("This is old.").waitFor({ timeout: 30_000 });
    await page.getByText(/^textstat: numbers/).first().waitFor();
    await accessible(page, "runs without a server");
    await fits(page, "runs without a server");
    await page.goto("/sandboxes");
    await page.getByText("web.unreachable").first().waitFor({ timeout: 30_000 });
  });

  it("sends the answer once when the server is back, and shows its word again", async () => {
    const { page } = ada;
    await swarm.up();
    await ada.isLive();
    await page.getByText("This is old.").waitFor({ state: "detached" });
    await expect.poll(async () => (await swarm.ask<{ summary: { decided?: string } }>("GET", `/api/hitl/${question}`)).summary.decided ?? "").toContain(ADA);
    const { items } = await swarm.ask<{ items: unknown[] }>("GET", `/api/audit?what=interrupt_answered`);
    expect(JSON.stringify(items).split(question).length - 1).toBe(1);
  });
});

describe("a newer app", () => {
  it("waits until somebody says so", async () => {
    const { page } = ada;
    const now = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.scriptURL);
    expect(await now()).toContain("/sw.js");
    // The worker is asked for by the browser itself, where no route of a test reaches: the file is another one for a while.
    const names = ["sw.js", "sw.js.br", "sw.js.gz"].map((name) => join(DIST, name));
    const before = names.map((name) => readFileSync(name));
    const newer = Buffer.concat([before[0] ?? Buffer.of(), Buffer.from("\n// newer")]);
    [newer, brotliCompressSync(newer), gzipSync(newer)].forEach((text, at) => writeFileSync(names[at] ?? "", text));
    onTestFinished(() => before.forEach((text, at) => writeFileSync(names[at] ?? "", text)));
    await ada.go("/");
    await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()));
    await page.getByText("A new version is here.").waitFor();
    await accessible(page, "a newer app");
    await fits(page, "a newer app");
    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Reload" }).tap()]);
    await ada.settled();
    expect(await page.getByText("A new version is here.").count()).toBe(0);
  });
});

describe("signing out", () => {
  it("leaves nothing of the work on the device", async () => {
    const { page } = ada;
    await ada.go("/");
    await page.getByRole("button", { name: `Account of ${ADA}` }).tap();
    await page.getByRole("menuitem", { name: "Sign out" }).tap();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.waitForTimeout(2_500);
    expect(await kept()).not.toContain("person");
    expect(await page.evaluate(() => localStorage.getItem("swarm.outbox") ?? "[]")).toBe("[]");
    expect(ada.complaints).toEqual([]);
  });
});
