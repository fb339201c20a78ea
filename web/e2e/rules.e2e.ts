import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { BEN, two } from "./people";
import { Swarm } from "./swarm";

/** What rules let people do: policies and why, several questions answered together, secrets, and what a month will cost. */

const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  // Nobody decides on a request of their own.
  swarm = await Swarm.start(`
[[flows.approvals.rules]]
name = "every plan"
on = "plan"
`);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

const both = async (what: string, look: (person: Person) => Promise<void>) => {
  for (const [person, size] of [
    [ada, "desk"],
    [ben, "phone"],
  ] as const) {
    await look(person);
    await accessible(person.page, `${what}, ${size}`);
    await fits(person.page, `${what}, ${size}`);
  }
};

describe("policies", () => {
  it("say what each role may, and show their text line by line", async () => {
    await both("policies", async (person) => {
      await person.go("/policies");
      await person.page.getByRole("heading", { name: "What each role may" }).waitFor();
      expect(new URL(person.page.url()).pathname).toBe("/admin/policies");
    });
    const { page } = ada;
    const row = page.getByRole("row").filter({ hasText: "runs:write" });
    expect(await row.getByRole("cell").allTextContents()).toEqual(["runs:write", "may", "may", "may", "–", "–", "–"]);
    await page.getByText("reviewer.cedar").first().click();
    await page.getByText('principal in Swarm::Role::"reviewer",').waitFor();
    await page.getByRole("button", { name: "Export" }).first().click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
    expect(file.suggestedFilename()).toBe("roles.csv");
    // A reviewer reads them, and cannot decide for somebody else.
    expect(await ben.page.getByRole("button", { name: "Explain" }).count()).toBe(0);
  });

  it("explain why somebody may not, at an address that can be sent", async () => {
    const { page } = ada;
    await page.getByLabel("Who").fill(BEN);
    await page.getByLabel("Does what").fill("runs:write");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Denied", { exact: true }).waitFor();
    await page.getByText("No policy permits it.").waitFor();
    await page.getByText(/As owner, admin, maintainer it would be allowed/).waitFor();
    await accessible(page, "a denial, explained");
    const address = page.url();
    await ada.go("/admin/policies?who=agent:coder&action=tool:run&about=ls");
    await page.getByText("Allowed", { exact: true }).waitFor();
    await page.getByRole("link", { name: /agent\.cedar:\d+/ }).click();
    expect(await page.locator("details[open]").filter({ hasText: "agent-tools" }).count()).toBe(1);
    await page.goto(address);
    await page.getByText("No policy permits it.").waitFor();
    await ada.go("/admin/policies?who=nobody@example.org&action=runs:write");
    await page.getByRole("alert").getByText("store.not_found").waitFor();
    await fits(page, "somebody unknown, explained");
  });
});

describe("a secret", () => {
  it("is set, replaced, rotated and removed, and its value stays nowhere", async () => {
    const { page } = ada;
    await ada.go("/admin/secrets");
    await page.getByText("There is no secret").waitFor();
    await page.getByLabel("Name").fill("registry");
    await page.getByLabel("Hosts").fill("npm.example.org:443");
    await page.getByText(/is no name of a host/).waitFor();
    await accessible(page, "a secret that is set");
    await page.getByLabel("Hosts").fill("npm.example.org");
    const value = page.getByRole("textbox", { name: "Value" });
    expect(await value.getAttribute("type")).toBe("password");
    expect(await value.getAttribute("autocomplete")).toBe("off");
    await value.fill("first-value");
    await page.getByRole("button", { name: "Set the secret" }).click();
    await page.getByText("Nobody sees its value again").waitFor();
    expect(await value.inputValue()).toBe("");
    await page.getByLabel("Name").fill("registry");
    await page.getByLabel("Hosts").fill("npm.example.org");
    await page.getByRole("button", { name: "Replace the secret" }).waitFor();
    await page.getByRole("button", { name: "Rotate registry" }).click();
    await page.getByLabel("The new value").fill("second-value");
    await page.getByLabel("The old one counts beside it").selectOption("3600");
    await page.getByRole("button", { name: "Rotate it" }).click();
    await page.getByText("Rotating").waitFor();
    expect(await page.content()).not.toMatch(/first-value|second-value/);
    await page.getByRole("button", { name: "Remove registry" }).click();
    await page.getByText(/All its values are gone/).waitFor();
    await accessible(page, "a secret that is removed");
    await fits(page, "a secret that is removed");
    await page.getByRole("button", { name: "Remove registry" }).click();
    await page.getByText("There is no secret").waitFor();
    // Who may not is offered nothing of it.
    await ben.go("/admin/secrets");
    await ben.page.getByText("This is for maintainers").waitFor();
  });
});

describe("several questions", () => {
  const waiting = async () => (await swarm.ask<{ items: { id: string; run: string }[] }>("GET", "/api/hitl?state=waiting")).items;
  let own = "";

  it("wait, and one of them was asked for by who answers", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
    const run = { plan: plan.id, options: { budget: {}, max_parallel: 1, max_attempts: 1 } };
    for (let at = 0; at < 3; at += 1) await swarm.ask("POST", "/api/runs", run);
    const made = await ada.context.request.post("/api/runs", { data: run, headers: { origin: swarm.url } });
    expect(made.ok(), await made.text()).toBe(true);
    own = ((await made.json()) as { id: string }).id;
    await expect.poll(async () => (await waiting()).length).toBe(4);
  });

  it("are chosen by keys and by risk, and what follows is said first", async () => {
    const { page } = ada;
    await ada.go("/approvals");
    await page.getByText("Choose all of").waitFor();
    await page.keyboard.press("j");
    await page.getByRole("button", { name: "Approve A" }).waitFor();
    await page.keyboard.press("x");
    await page.getByText("1 question chosen").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Shift+X");
    await page.getByText("3 questions chosen").waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByText(/questions? chosen/).count()).toBe(0);
    await page.getByRole("checkbox").first().click();
    await page.getByRole("checkbox").last().click({ modifiers: ["Shift"] });
    await page.getByText("4 questions chosen").waitFor();
    await accessible(page, "several questions chosen");
    await fits(page, "several questions chosen");
    await page.getByRole("button", { name: "Approve…" }).click();
    await page.getByText("each answered by itself").waitFor();
    await page.getByText("32 tickets wait behind them").waitFor();
    await accessible(page, "several questions, before they are answered", false);
  });

  it("are each answered by itself, and what was not taken is said with why", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Approve 4 questions" }).click();
    await page.getByText("3 taken").waitFor();
    await page.getByText("1 not taken").waitFor();
    await page.getByRole("dialog").getByText(/nobody decides on a request of their own/).waitFor();
    await accessible(page, "what became of several answers", false);
    await page.getByRole("button", { name: "Done" }).click();
    expect((await waiting()).map(({ run }) => run)).toEqual([own]);
    expect(await page.evaluate(() => JSON.parse(localStorage.getItem("swarm.outbox") ?? "[]") as unknown)).toEqual([]);
  });

  it("are kept on the device without a server, and sent once when it is back", async () => {
    const runs = await swarm.ask<{ items: { plan?: string }[] }>("GET", "/api/runs");
    const plan = runs.items[0]?.plan;
    for (let at = 0; at < 2; at += 1) await swarm.ask("POST", "/api/runs", { plan, options: { budget: {}, max_parallel: 1, max_attempts: 1 } });
    await expect.poll(async () => (await waiting()).length).toBe(3);
    const { page } = ben;
    await ben.go("/approvals");
    await page.getByRole("button", { name: /^medium risk/ }).tap();
    await page.getByText("3 questions chosen").waitFor();
    await accessible(page, "several questions chosen, phone");
    await fits(page, "several questions chosen, phone");
    await page.getByRole("button", { name: "Reject…" }).tap();
    await page.getByLabel("Why not").fill("not this week");
    await page.getByText("The run ends with these words.").first().waitFor();
    await accessible(page, "several questions to be rejected, phone", false);
    await fits(page, "several questions to be rejected, phone");
    await swarm.kill();
    await page.getByRole("button", { name: "Reject 3 questions" }).tap();
    await page.getByText("3 kept on this device").waitFor();
    await page.getByRole("button", { name: "Done" }).tap();
    await swarm.up();
    await ben.isLive();
    await expect.poll(async () => (await waiting()).length).toBe(0);
    await expect.poll(() => page.evaluate(() => localStorage.getItem("swarm.outbox"))).toBe("[]");
  });
});

describe("what one was told", () => {
  it("is listed with what is not read, and opens the question", async () => {
    await both("notifications", async (person) => {
      await person.go("/notifications");
      await person.page.getByText(/messages? not read yet/).waitFor();
    });
    const { page } = ada;
    await page.getByText("No message failed for good.").waitFor();
    await page.getByLabel("Channel").fill("nowhere");
    await page.getByRole("button", { name: "Send a message" }).click();
    await page.getByRole("alert").waitFor();
    await fits(page, "a channel that is not there");
    await page.getByRole("link", { name: "Not read" }).click();
    await page.waitForURL(/show=unread/);
    const unread = async () => Number.parseInt((await page.getByText(/messages? not read yet/).textContent()) ?? "", 10);
    const before = await unread();
    await page.getByRole("button", { name: /^Mark as read/ }).first().click();
    await expect.poll(unread).toBe(before - 1);
    await page.getByRole("button", { name: "Mark all as read" }).click();
    await page.getByText("All of it is read.").waitFor();
    await accessible(page, "notifications that are read");
    // Who does not look after the system sees nothing of others'.
    expect(await ben.page.getByText("What could not be sent").count()).toBe(0);
    await ben.page.getByRole("list", { name: "Messages" }).getByRole("link").first().tap();
    await ben.page.waitForURL(/\/approvals\/int_/);
  });
});

describe("what a month will have used", () => {
  it("is left out while there are too few days", async () => {
    await both("usage of one day", async (person) => {
      await person.go("/usage");
      await person.page.getByRole("heading", { name: "Beside the quotas" }).waitFor();
      expect(await person.page.getByText("To the end of the month").count()).toBe(0);
    });
  });

  it("is said with its range and how it was computed", async () => {
    for (const { context } of [ada, ben]) {
      // A server that is a minute old knows one day: the days before it are put to what it says.
      await context.route("**/api/runs", async (route) => {
        const answer = await route.fetch();
        const { items } = (await answer.json()) as { items: Record<string, unknown>[] };
        const before = [1, 2, 3, 4].map((days) => ({ ...items[0], id: `run_${days}`, started_at: new Date(Date.now() - days * 86_400_000).toISOString(), spend: { usd: 1e6 * days, tokens_in: 1_000, tokens_out: 10, calls: 3 } }));
        await route.fulfill({ json: { items: [...items, ...before] } });
      });
    }
    await both("usage with a forecast", async (person) => {
      await person.go("/usage");
      await person.page.getByRole("heading", { name: "To the end of the month" }).waitFor();
      await person.page.getByText(/the mean of the last 4 whole days/).waitFor();
    });
  });

  it("and no page complained", () => {
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
