import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { asked, RULES, SCRIPT } from "./shop";
import { Swarm } from "./swarm";

/** What proves the parts of a change: found out with real commands in real sandboxes, and read above its lines. */

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
let question: { id: string; run: string };

beforeAll(async () => {
  swarm = await Swarm.start(RULES, SCRIPT);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

async function says(person: Person, path: string) {
  const { page } = person;
  await person.go(path);
  await page.getByText("Without 2 of 3, a command fails.").waitFor();
  await page.getByText("Both commands hold without these lines").waitFor();
  await page.getByText("1 command fails without these lines").first().waitFor();
  const proven = page.locator("details", { hasText: "fails without these lines" }).filter({ hasText: /^Proven/ });
  await expect.poll(() => proven.count()).toBe(2);
  expect(await proven.nth(0).textContent()).toContain("REQ-1 Food has its rate");
  expect(await proven.nth(1).textContent()).toContain("REQ-2 Unknown goods are refused");
  await proven.nth(0).locator("summary").click();
  await page.getByText("python3 price.py 100 food", { exact: true }).locator("visible=true").waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/hunks-${path.includes("review") ? "review" : "question"}-${person === ada ? 1440 : 390}.png`, fullPage: true });
  await fits(page, path);
  await accessible(page, path);
}

describe("the hunks of a change", () => {
  it("are left out while its question waits", async () => {
    question = await asked(swarm);
  });

  it("say in the review which requirement misses them", async () => {
    await says(ada, `/runs/${question.run}/review`);
    await ada.page.getByText("Side by side").click();
    await expect.poll(() => ada.page.getByText("Both commands hold without these lines").count()).toBe(1);
    await accessible(ada.page, "hunks side by side");
  });

  it("say it at the question too, on a phone", async () => {
    await says(ben, `/approvals/${question.id}`);
  });

  it("say it on the command line", () => {
    const said = swarm.run("approvals", question.id);
    expect(said).toMatch(/price\.py:2 {2}missed by REQ-1 \(`python3 price\.py 100 food`\)/);
    expect(said).toMatch(/price\.py:\d+ {2}no command misses it; read it closely/);
    expect(said).toMatch(/price\.py:\d+ {2}missed by REQ-2/);
  });

  it("are kept in the log, and the page complains of nothing", async () => {
    const { events } = await swarm.ask<{ events: { body: { type: string } }[] }>("GET", `/api/events?run=${question.run}&limit=1000`);
    expect(events.filter(({ body }) => body.type === "hunks_tried")).toHaveLength(1);
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
