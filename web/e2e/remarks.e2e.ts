import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** Remarks on lines of a change: written in the review and at the question, and sent back to the agent. */

const RULES = `
[[flows.approvals.rules]]
name = "every change"
on = "diff"
four_eyes = false
`;
const SPEC = readFileSync(resolve(import.meta.dirname, "../../examples/textstat/spec.md"), "utf8");

interface Asked {
  id: string;
  ticket: string;
}

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
let run = "";
let first: Asked;

const waiting = async () => (await swarm.ask<{ items: Asked[] }>("GET", "/api/hitl?state=waiting")).items;

beforeAll(async () => {
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

async function looked(person: Person, what: string): Promise<void> {
  await person.settled();
  await fits(person.page, what);
  if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(" ", "-")}-${person === ada ? 1440 : 390}.png`, fullPage: true });
  await accessible(person.page, what);
}

describe("remarks on a change", () => {
  it("have a change to be about", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: SPEC });
    const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
    run = (await swarm.ask<{ id: string }>("POST", "/api/runs", { plan: plan.id, options: { budget: {}, max_parallel: 2, max_attempts: 3, fresh: true } })).id;
    await expect.poll(async () => (await waiting()).length, { timeout: 100_000 }).toBeGreaterThan(0);
    first = (await waiting())[0]!;
  });

  it("are written on a line, and are there after a reload", async () => {
    const { page } = ada;
    await ada.go(`/runs/${run}/review?ticket=${first.ticket}`);
    await page.getByText("To remark on a line").waitFor();
    await page.getByText(/\d of \d commands? holds? with this change/).first().waitFor();
    await page.locator('.diff-gutter[data-change-key="I1"]').last().click();
    const field = page.getByLabel("Remark on line 1");
    await field.fill("Say why this is needed.");
    await looked(ada, "a remark that is written");
    await field.press("Control+Enter");
    await page.getByText("Say why this is needed.").waitFor();
    await page.reload();
    await page.getByText("Say why this is needed.").waitFor();
    await page.getByRole("button", { name: "Send 1 remark back" }).waitFor();
  });

  it("are written by keys too, in both ways to look at a change", async () => {
    const { page } = ada;
    await page.getByText("Side by side").click();
    const group = page.getByRole("group", { name: /\.py$/ }).first();
    await group.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByLabel("Remark on line 2").fill("And a test.");
    await page.getByRole("button", { name: "Keep the remark" }).click();
    await page.getByRole("button", { name: "Send 2 remarks back" }).waitFor();
    await looked(ada, "remarks side by side");
  });

  it("are those of one person, on a phone as well", async () => {
    const { page } = ben;
    await ben.go(`/approvals/${first.id}`);
    await page.getByText("To remark on a line").waitFor();
    expect(await page.getByText("Say why this is needed.").count()).toBe(0);
    await page.locator('.diff-gutter[data-change-key="I1"]').last().tap();
    await page.getByLabel("Remark on line 1").fill("From the phone.");
    await page.getByRole("button", { name: "Keep the remark" }).tap();
    await page.getByText("From the phone.").waitFor();
    await looked(ben, "a remark on a phone");
    await page.getByRole("button", { name: "Take it away" }).tap();
    await page.getByText("From the phone.").waitFor({ state: "detached" });
  });

  it("go back to the agent with what is said of the whole", async () => {
    const { page } = ada;
    await ada.go(`/approvals/${first.id}`);
    await page.getByText("And a test.").waitFor();
    await page.getByRole("button", { name: /^Reject with 2 remarks/ }).click();
    await page.getByLabel("Why not").fill("Nearly there.");
    await looked(ada, "remarks that go back");
    await page.getByRole("button", { name: "Send back with 2 remarks" }).click();
    await page.getByText("Sent back by ada@example.org").waitFor();
    const { standing } = await swarm.ask<{ standing: { words: string } }>("GET", `/api/hitl/${first.id}`);
    expect(standing.words).toMatch(/^Nearly there\.\n\n\S+\.py:1: Say why this is needed\.\n\S+\.py:2: And a test\.$/);
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("swarm.draft:")))).toEqual([]);
  });

  it("are not offered where nobody is asked any more", async () => {
    const { page } = ada;
    await page.locator(".change").waitFor();
    expect(await page.getByText("To remark on a line").count()).toBe(0);
    await page.locator('.diff-gutter[data-change-key="I1"]').last().click();
    expect(await page.getByLabel("Remark on line 1").count()).toBe(0);
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
