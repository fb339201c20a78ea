import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { Provider } from "./provider";
import { Swarm } from "./swarm";
import { fixtures, type Sent } from "./vms";

/** Who works and where, what it cost, and what may be spent; and coming in by a provider. */

const PASSWORD = "correct horse battery";
const [ADA, BEN] = ["ada@example.org", "ben@example.org"];
const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
const provider = new Provider("ada-there", ADA);

beforeAll(async () => {
  await provider.start();
  const secret = join(tmpdir(), `swarm-web-secret-${process.pid}`);
  writeFileSync(secret, "hush", { mode: 0o600 });
  swarm = await Swarm.start(`
[[flows.approvals.rules]]
name = "every change"
on = "diff"
four_eyes = false

[auth.providers.company]
issuer = "${provider.url}"
label = "Company account"
client_id = "swarm"
client_secret = "file:${secret}"
`);
  browser = await launch();
  ada = await Person.at(browser, swarm.url, "desk");
  ben = await Person.at(browser, swarm.url, "phone");
  await ada.join(swarm.firstStart, ADA, PASSWORD);
  const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: BEN, role: "maintainer" });
  await ben.page.goto(`/join#${link}`);
  await ben.page.getByRole("button", { name: "Join with Company account" }).waitFor();
  await accessible(ben.page, "join, with a provider");
  await fits(ben.page, "join, with a provider");
  await ben.page.getByLabel("Email").fill(BEN);
  await ben.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await ben.page.getByRole("button", { name: "Make the account" }).click();
  await ben.page.getByRole("heading", { name: "Home" }).waitFor();
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
  await provider.end();
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

const waiting = async () => (await swarm.ask<{ items: { id: string; ticket?: string }[] }>("GET", "/api/hitl?state=waiting")).items;

describe("while there is nothing", () => {
  it("says so on every page", async () => {
    await both("agents without work", async (person) => {
      await person.go("/agents");
      await person.page.getByText("No agent is at work").waitFor();
    });
    await both("no sandbox", async (person) => {
      await person.go("/sandboxes");
      await person.page.getByText("No sandbox is open").waitFor();
    });
    await both("no usage", async (person) => {
      await person.go("/usage");
      await person.page.getByText("Nothing was used yet").waitFor();
    });
    await ada.go("/sandboxes/vm_01m81esp47r2rvqpsgjwhagykv");
    await ada.page.getByText("This sandbox is gone").waitFor();
  });
});

describe("who works on what", () => {
  it("shows who waits for an answer, live, by the keyboard", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
    await expect.poll(async () => (await swarm.ask<{ state: string; plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("w");
    await page.getByRole("heading", { name: "Agents" }).waitFor();
    await swarm.ask("POST", "/api/runs", { plan: plan.id, options: { budget: {}, max_parallel: 3, max_attempts: 3 } });
    await page.getByText("Waits for you").first().waitFor();
    expect(await page.getByRole("list", { name: "At work" }).getByRole("listitem").count()).toBeGreaterThan(0);
    await both("agents at work", async (person) => {
      if (person === ben) await person.go("/agents");
      await person.page.getByText("Waits for you").first().waitFor();
    });
    await page.getByRole("button", { name: "Export" }).first().click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
    expect(file.suggestedFilename()).toBe("agents.csv");
  });

  it("stops a ticket, after it said what that does, and lets the rest be answered", async () => {
    const { page } = ada;
    const stop = page.getByRole("button", { name: /^Stop T-/ }).last();
    const ticket = (await stop.getAttribute("aria-label"))?.replace("Stop ", "") ?? "";
    await stop.click();
    await page.getByLabel("Why").fill("not now");
    await accessible(page, "stopping a ticket");
    await page.getByRole("button", { name: "Stop the ticket" }).click();
    await page.getByRole("button", { name: `Stop ${ticket}` }).waitFor({ state: "detached" });
    const [run] = (await swarm.ask<{ items: { id: string }[] }>("GET", "/api/runs")).items;
    const detail = await swarm.ask<{ summary: { state: { state: string } } }>("GET", `/api/runs/${run?.id}/tickets/${ticket}`);
    expect(detail.summary.state.state).toBe("cancelled");
    await page.getByRole("link", { name: "Answer" }).first().click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await page.goBack();
    const begun = Date.now();
    for (let quiet = 0; quiet < 6 && Date.now() - begun < 60_000; ) {
      const asked = await waiting();
      for (const { id } of asked) await swarm.ask("POST", `/api/hitl/${id}/respond`, { type: "accept", args: null }).catch(() => undefined);
      quiet = asked.length === 0 ? quiet + 1 : 0;
      await new Promise((done) => setTimeout(done, 500));
    }
    await page.getByText("What they did").waitFor();
    await page.getByRole("cell", { name: "coder" }).first().waitFor();
  });
});

describe("what it cost, and what may be spent", () => {
  it("shows the usage by day, project, agent and model, as an address", async () => {
    await both("usage", async ({ page }) => {
      await page.goto("/usage");
      await page.getByRole("heading", { name: "By project" }).waitFor();
      await page.getByRole("img", { name: /of each of the last 30 days/ }).waitFor();
      await page.getByRole("heading", { name: "By model, since the beginning" }).waitFor();
    });
    const { page } = ada;
    await page.getByRole("link", { name: "7 days" }).click();
    await page.waitForURL(/days=7/);
    await page.getByRole("link", { name: "Cost" }).click();
    await page.getByRole("heading", { name: "Cost by day" }).waitFor();
    await page.getByRole("button", { name: "Export" }).first().click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "JSON" }).click()]);
    const rows = JSON.parse(readFileSync(await file.path(), "utf8")) as { tokens: number }[];
    expect(rows.length).toBe(7);
    expect(rows.at(-1)?.tokens).toBeGreaterThan(0);
  });

  it("sets a quota by the same words as the command line, and lifts it", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: "Set a quota" }).click();
    await page.getByLabel("Whose spending").selectOption("project");
    await page.getByLabel("Its name").fill("textstat");
    await page.getByLabel("Tokens").fill("100000");
    await page.getByLabel("Begins anew").selectOption("day");
    const said = (await page.getByText(/^swarm budget set/).textContent()) ?? "";
    expect(said).toBe("swarm budget set project:textstat --tokens 100000 --per day");
    await accessible(page, "a quota that is being set");
    await page.getByRole("button", { name: "Set the quota" }).click();
    await page.getByText("It holds from the next call on.").waitFor();
    await page.getByText("Project textstat").waitFor();
    // The command that was shown is taken by the real command line, and changes nothing.
    swarm.run(...said.split(" ").slice(1));
    const { items } = await swarm.ask<{ items: { quota: unknown }[] }>("GET", "/api/budgets");
    expect(items.length).toBe(1);
    await both("quotas", async (person) => {
      await person.go("/admin/quotas");
      await person.page.getByText(/of 100k tokens/).waitFor();
    });
    expect(await ben.page.getByRole("button", { name: "Set the quota" }).count()).toBe(0);
    await page.getByRole("button", { name: "Lift the quota of project:textstat" }).click();
    await page.getByText("swarm budget lift project:textstat").waitFor();
    await page.getByRole("button", { name: "Limits no more from now on" }).click();
    await page.getByText("None. Only the budget of each run").waitFor();
  });

  it("rotates a secret, whose value nobody sees again", async () => {
    await swarm.ask("POST", "/api/secrets", { name: "registry", hosts: ["npm.example.org"], value: "first-value" });
    await both("secrets", async (person) => {
      await person.go("/admin/secrets");
      await person.page.getByText("registry", { exact: true }).waitFor();
    });
    const { page } = ada;
    await page.getByRole("button", { name: "Rotate registry" }).click();
    await page.getByLabel("The new value").fill("second-value");
    await accessible(page, "a secret that is rotated");
    await page.getByRole("button", { name: "Rotate it" }).click();
    await page.getByText("Rotating").waitFor();
    await page.getByRole("button", { name: "Check them" }).click();
    await page.getByText(/can be used/).waitFor();
    expect(await page.content()).not.toMatch(/first-value|second-value/);
  });
});

describe("a sandbox", () => {
  let sent: Sent[];

  it("shows what it uses, at a desk and on a phone", async () => {
    sent = await fixtures(ada.context);
    await fixtures(ben.context);
    await both("sandboxes", async (person) => {
      await person.go("/sandboxes");
      await person.page.getByText("implementer").first().waitFor();
    });
    await both("a sandbox", async ({ page }) => {
      await page.getByRole("link", { name: /implementer/ }).first().click();
      await page.getByText("Ran 12 tests").waitFor();
      await page.getByRole("img", { name: /^Memory/ }).waitFor();
    });
  });

  it("is taken over, driven line by line, and handed back, also by leaving", async () => {
    const { page } = ada;
    const line = page.getByLabel("Command");
    await page.getByRole("button", { name: "Take it over" }).click();
    await page.getByText("It is yours").waitFor();
    await line.fill("cd src");
    await page.keyboard.press("Enter");
    await page.getByText("/work/src $").first().waitFor();
    await line.fill("ls -l");
    await page.keyboard.press("Enter");
    await page.getByText("ls -l: done").waitFor();
    await line.fill("cd ../..");
    await page.keyboard.press("Enter");
    await page.getByText("that is outside of /work").waitFor();
    await accessible(page, "a sandbox that is taken over");
    await line.fill("exit");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Take it over" }).waitFor();
    expect(sent.filter(({ path }) => path.endsWith("/exec")).map(({ body }) => body)).toEqual([
      { command: "true", cwd: "src", token: "token-1" },
      { command: "ls -l", cwd: "src", token: "token-1" },
    ]);
    await page.getByRole("button", { name: "Take it over" }).click();
    await page.getByText("It is yours").waitFor();
    await page.getByRole("link", { name: "Sandboxes" }).first().click();
    await expect.poll(() => sent.filter(({ path }) => path.endsWith("/takeover/end")).length).toBe(2);
    await ada.context.unrouteAll();
    await ben.context.unrouteAll();
  });
});

describe("by a provider", () => {
  it("is linked in the settings, lets in again, and comes back to where one was", async () => {
    const { page } = ada;
    await ada.go("/settings");
    await accessible(page, "settings with a provider");
    await page.getByRole("button", { name: "Link Company account" }).click();
    await page.waitForURL((url) => url.pathname === "/settings");
    await page.getByRole("button", { name: "Unlink Company account" }).waitFor();
    await page.getByRole("button", { name: ADA }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await ada.go("/usage");
    await page.waitForURL((url) => url.pathname === "/sign-in");
    await page.getByRole("button", { name: "Sign in with Company account" }).waitFor();
    await accessible(page, "sign in with a provider");
    await fits(page, "sign in with a provider");
    await page.getByRole("button", { name: "Sign in with Company account" }).click();
    await page.getByRole("heading", { name: "Usage" }).waitFor();
    expect(provider.visits).toBe(2);
  });

  it("is not gone to where others could listen", async () => {
    const { page } = ben;
    await ben.context.route("**/api/auth/links/company", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ url: "http://id.example.org/authorize" }) }));
    await ben.go("/settings");
    await page.getByRole("button", { name: "Link Company account" }).click();
    await page.getByText("web.provider").waitFor();
    await accessible(page, "a provider that is not gone to");
    await fits(page, "settings with a provider on a phone");
    await ben.context.unrouteAll();
  });
});

describe("in the end", () => {
  it("left nobody with a complaint of their browser", () => {
    expect(ada.complaints).toEqual([]);
    expect(ben.complaints).toEqual([]);
  });
});
