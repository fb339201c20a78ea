import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** A design session over a real server: from a text to what was understood, a plan, a question answered, and a change. */

const RULES = `
[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false

[[flows.approvals.rules]]
name = "what is unclear"
on = "spec"
four_eyes = false
`;
const SPEC = readFileSync(resolve(import.meta.dirname, "../../examples/textstat/spec.md"), "utf8");
/** A scenario in REQ-8 that nothing follows from: the one thing that the server asks about. */
const UNCLEAR = `${SPEC.trimEnd()}\n\n- GIVEN the user is logged in\n- WHEN they ask for help\n- THEN all is well\n`;

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

/** Looks at where Ada is, at a desk and on a phone. */
async function looked(what: string): Promise<void> {
  const { pathname, search } = new URL(ada.page.url());
  for (const person of [ada, ben]) {
    if (person === ben) await person.go(pathname + search);
    await person.settled();
    await fits(person.page, what);
    if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(" ", "-")}-${person === ada ? 1440 : 390}.png`, fullPage: true });
    await accessible(person.page, what);
  }
}

const text = () => ada.page.getByLabel("The spec, in Markdown");

describe("a new spec", () => {
  it("is written where there is none, by keys", async () => {
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.getByText("There is no spec yet").waitFor();
    await looked("no spec yet");
  });

  it("is there after a reload, and says that it is not saved", async () => {
    const { page } = ada;
    await text().fill(UNCLEAR);
    await page.getByText("Not saved.").waitFor();
    await page.reload();
    await page.getByText("Kept on this device").waitFor();
    expect(await text().inputValue()).toBe(UNCLEAR);
  });

  it("says what is missing, and is read", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Read it" }).click();
    await page.getByRole("alert").getByText("No project is named").waitFor();
    await page.getByRole("combobox", { name: "Project" }).fill("textstat");
    await page.getByLabel("Its repository").fill(swarm.repo);
    await page.getByRole("button", { name: "Read it" }).click();
    await page.waitForURL(/\/design\/spec_/);
  });
});

describe("a session", () => {
  it("shows what was understood, and what was not", async () => {
    const { page } = ada;
    await page.getByRole("heading", { name: "Not understood" }).waitFor();
    await page.getByText("all is well").first().waitFor();
    await page.locator("summary").filter({ hasText: "Split a text into words" }).click();
    await page.locator("details[open]").getByRole("button", { name: /^line/ }).click();
    expect(await text().evaluate((field: HTMLTextAreaElement) => field.value.slice(field.selectionStart, field.selectionEnd))).toContain("REQ-1");
    await looked("what was understood");
  });

  it("holds it against the code", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Hold against the code" }).click();
    await page.getByText("0 of 8 requirements hold").or(page.getByText("It could not be held against the code")).first().waitFor({ timeout: 120_000 });
  });

  it("makes a plan, with its graph", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: "Plan", exact: true }).click();
    await page.getByRole("button", { name: "Make a plan" }).click();
    await page.getByText("What would be done").or(page.getByText("No plan could be made")).first().waitFor({ timeout: 120_000 });
    await page.getByText("What waits for what").waitFor();
    await looked("a plan");
  });

  it("begins a run, and asks in the same place what the spec means", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Start the run" }).click();
    await page.getByText("Say what the spec means").first().waitFor({ timeout: 120_000 });
    await looked("questions");
    await page.getByLabel("What it means").fill("Leave it out: nobody signs in.");
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await page.getByText("Leave it out: nobody signs in.").waitFor();
  });

  it("has the plan approved there too", async () => {
    const { page } = ada;
    await page.getByText("Carry out a plan").first().waitFor({ timeout: 120_000 });
    await page.getByRole("link", { name: "Plan", exact: true }).click();
    await page.getByText("Waits for you").waitFor();
    await looked("a plan that waits");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByText("Waits for you").waitFor({ state: "detached", timeout: 120_000 });
    await page.getByRole("link", { name: /^Questions/ }).click();
    await page.getByText("Approved").first().waitFor();
    await looked("questions answered");
  });
});

describe("a change", () => {
  it("says what differs while it is written", async () => {
    const { page } = ada;
    await text().fill(SPEC.replace("Count sentences", "Count the sentences").replace("A sentence ends with one or more", "Each sentence ends with one or more"));
    await page.getByRole("link", { name: "Changes", exact: true }).click();
    await page.getByText("Not saved yet").waitFor();
    await page.locator(".diff-code-insert").first().waitFor();
    await looked("a change that is not saved");
  });

  it("becomes a version, and says which tickets it opens again", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Save as a new version" }).click();
    await page.getByText("version 2 of 2").waitFor();
    await page.getByText("its title, its text").waitFor();
    await page.getByText("Opened again").first().waitFor();
    await page.getByText(/^2 of 8 tickets/).waitFor();
    await looked("what a change opens again");
    await page.getByLabel("Version", { exact: true }).selectOption({ index: 1 });
    await page.getByText("This is not the newest version").waitFor();
    await page.goBack();
    await page.getByText("version 2 of 2").waitFor();
  });

  it("is in the list with its versions, and the home box leads to a session", async () => {
    const { page } = ada;
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Design" }).click();
    await page.getByText("2 versions").waitFor();
    await looked("the specs");
    await ada.go("/");
    await page.getByLabel("What should be built").fill("# Nothing yet\n\n## REQ-1: Is there\n\nIt is there.\n");
    await page.getByRole("button", { name: "Work on the spec first" }).click();
    await page.waitForURL(/\/design\/spec_/);
    await page.getByText("Nothing proves one of them").waitFor();
  });

  it("is forgotten with the session where it was not saved", async () => {
    const { page } = ada;
    await text().fill("# Nothing at all");
    await page.getByText("Not saved.").waitFor();
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("swarm.draft:")).length)).toBe(1);
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
    await page.getByRole("button", { name: /ada@example.org/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("swarm.draft:")).length)).toBe(0);
  });
});
