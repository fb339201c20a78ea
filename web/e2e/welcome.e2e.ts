import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { ADA, BEN } from "./people";
import { Swarm } from "./swarm";

/** The first start over a real server: an account, a model, a repository, an example; by keys, and two people at once. */

const PASSWORD = "correct horse battery";
/** A model that is called, for a moment before it is: it says one thing whatever it is asked. */
const SCRIPT = 'name = "echo"\njson_schema = true\n\n[[rules]]\ntext = "Here I am."\n';

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  swarm = await Swarm.start("");
  browser = await launch();
  [ada, ben] = [await Person.at(browser, swarm.url, "desk"), await Person.at(browser, swarm.url, "phone")];
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

/** Looks at where somebody is. */
async function seen(person: Person, what: string): Promise<void> {
  await person.settled();
  await fits(person.page, what);
  const size = person.page.viewportSize()?.width;
  if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(" ", "-")}-${size}.png`, fullPage: true });
  await accessible(person.page, what);
}

/** Looks at where Ada is, at a desk and on a phone. */
async function looked(what: string): Promise<void> {
  await seen(ada, what);
  const { pathname, search } = new URL(ada.page.url());
  await ben.go(pathname + search);
  await seen(ben, what);
}

const step = (name: string) => ada.page.getByRole("list", { name: "First steps" }).getByRole("listitem").filter({ hasText: name });

describe("the first account", () => {
  it("is the first of four steps", async () => {
    const { page } = ada;
    await ada.go(swarm.firstStart.replace(swarm.url, ""));
    expect(await step("Account").getAttribute("aria-current")).toBe("step");
    await seen(ada, "the first account");
    await ben.go("/first-start");
    await seen(ben, "the first account");
    await page.getByLabel("Email").fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/welcome\?step=model$/);
    await page.getByText("Account, done").waitFor();
  });

  it("is followed by another's, who is invited and comes home", async () => {
    const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: BEN, role: "maintainer" });
    await ben.join(`/join#${link}`, BEN, PASSWORD);
    await ben.page.getByRole("link", { name: /^First steps/ }).waitFor();
    await seen(ben, "home before the first run");
  });
});

describe("the model", () => {
  it("is played back here, which the page says", async () => {
    const { page } = ada;
    await page.getByText("played back from a recording").waitFor();
    await page.getByText("Model, done").waitFor();
    await looked("a model that is played back");
  });

  it("is tried, by keys, and a recording says that it has no answer to this", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: /^Try it recorded\// }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("It did not answer").waitFor();
    await page.getByRole("alert").getByText("model.not_recorded").waitFor();
    await seen(ada, "a model that was tried");
    // Who does not look after the system is not offered it.
    expect(await ben.page.getByRole("button", { name: /^Try/ }).count()).toBe(0);
  });

  it("is not there where none is configured, and the page says what to type", async () => {
    const { page } = ada;
    const none = { items: [], policy: [], price_version: "2026-11-01", deadline_seconds: 600 };
    for (const { context } of [ada, ben]) await context.route("**/api/models", (route) => route.fulfill({ json: none }));
    await page.reload();
    await page.getByText("There is none yet.").waitFor();
    for (const name of ["OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"]) await page.getByText(`read -rs ${name} && export ${name}`).waitFor();
    await page.getByText("OPENAI_BASE_URL=http").waitFor();
    await looked("no model");
    await page.goto("/welcome?step=demo");
    await page.getByText("It wants a repository to be built in.").waitFor();
    await page.goto("/welcome?step=model");
    await page.getByText("There is none yet.").waitFor();
    await ada.isLive();
    for (const { context } of [ada, ben]) await context.unroute("**/api/models");
    // It may have looked by itself, now that it is live.
    await page.getByRole("button", { name: "Look again" }).click({ timeout: 5_000 }).catch(() => undefined);
    await page.getByText("played back from a recording").waitFor();
  });
});

describe("the repository", () => {
  it("comes next, by keys, and whoever listens is told", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: "Next: Repository" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/step=repository$/);
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("A repository to work in");
    expect(await step("Repository").getAttribute("aria-current")).toBe("step");
    await page.getByText("There is none yet").click();
    await looked("no repository");
  });

  it("is refused where there is none, in the server's words", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Add the repository" }).click();
    await page.getByText("A whole path, such as").waitFor();
    const bare = join(swarm.folder, "bare folder");
    mkdirSync(bare);
    await page.getByLabel("Folder of the repository").fill(bare);
    expect(await page.getByLabel("Name").inputValue()).toBe("bare-folder");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("forge.not_a_repo").waitFor();
    await seen(ada, "a repository that was refused");
  });

  it("is taken, and others see it at once", async () => {
    await ben.go("/welcome?step=repository");
    await ben.isLive();
    const { page } = ada;
    await page.getByLabel("Folder of the repository").fill(swarm.repo);
    await page.getByLabel("Name").fill("textstat");
    await page.keyboard.press("Enter");
    await page.getByText("textstat is known.").waitFor();
    await page.getByText("Repository, done").waitFor();
    await ben.page.getByRole("list", { name: "Projects" }).getByText("textstat", { exact: true }).waitFor();
    await looked("a repository");
  });

  it("does no harm where two add it", async () => {
    const { page } = ben;
    const add = async (repo: string) => {
      await page.getByLabel("Folder of the repository").fill(repo);
      await page.getByLabel("Name").fill("textstat");
      await page.getByRole("button", { name: "Add another" }).tap();
    };
    await add(swarm.repo);
    await page.getByText("textstat is known.").waitFor();
    const other = join(swarm.folder, "other");
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", other]);
    await add(other);
    await page.getByRole("alert").getByText("project.taken").waitFor();
    await seen(ben, "a name that is taken");
    expect((await swarm.ask<{ items: unknown[] }>("GET", "/api/projects")).items).toHaveLength(1);
  });

  it("is where one was after a reload, and the way goes back and forth", async () => {
    const { page } = ada;
    await page.reload();
    await page.getByRole("heading", { name: "A repository to work in" }).waitFor();
    await page.getByRole("link", { name: "Back", exact: true }).click();
    await page.getByRole("heading", { name: "A model that does the work" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "A repository to work in" }).waitFor();
    await step("Account").getByRole("link").click();
    await page.getByText(`You are signed in as ${ADA}, an owner.`).waitFor();
    await looked("the account");
    await page.getByRole("link", { name: "Next: Model" }).click();
    await page.waitForURL(/step=model$/);
  });
});

describe("the example", () => {
  it("becomes a plan, with its price, and nothing is built", async () => {
    const { page } = ada;
    await step("Demo").getByRole("link").click();
    await page.getByText("Its spec").click();
    await page.getByText("REQ-1: Split a text into words").waitFor();
    await page.getByText("Its spec").click();
    await looked("the example");
    await page.getByRole("button", { name: "Make a plan" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/plans\/plan_/);
    await page.getByText("What would be done").waitFor({ timeout: 120_000 });
    expect((await swarm.ask<{ items: unknown[] }>("GET", "/api/runs")).items).toHaveLength(0);
  });

  it("is offered at home while nothing was run, and left out", async () => {
    const { page } = ada;
    await ada.go("/");
    await seen(ada, "home before the first run");
    await page.getByRole("main").getByRole("link", { name: /^First steps/ }).click();
    await page.waitForURL(/\/welcome$/);
    await step("Demo").getByRole("link").click();
    await page.getByRole("link", { name: "Leave it out, go home" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
  });

  it("can be read without a model, and says that no plan can be made", async () => {
    const { page } = ada;
    const none = { items: [], policy: [], price_version: "2026-11-01", deadline_seconds: 600 };
    await ada.context.route("**/api/models", (route) => route.fulfill({ json: none }));
    await ada.go("/welcome?step=demo");
    await page.getByText("There is no model, so no plan can be made yet").waitFor();
    await seen(ada, "the example without a model");
    await page.getByRole("button", { name: "Read the spec first" }).click();
    await page.waitForURL(/\/design\/spec_/);
    await ada.context.unroute("**/api/models");
  });
});

describe("another model", () => {
  it("is seen when swarm was started again with it, without a reload, and answers", async () => {
    const { page } = ada;
    await ada.go("/welcome");
    await ada.isLive();
    await page.getByText("played back from a recording").waitFor();
    await swarm.kill();
    await page.getByText("Reconnecting").locator("visible=true").waitFor();
    swarm.plays(SCRIPT);
    await swarm.up();
    await page.getByText("scripted/echo").first().waitFor();
    await page.getByRole("button", { name: /^Try (it|again) scripted\/echo$/ }).click();
    await page.getByText("Here I am.").waitFor();
    await page.getByText("It answered").waitFor();
    await seen(ada, "a model that answered");
    await seen(ben, "the end");
  });

  it("left nobody with a complaint of their browser", () => {
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
