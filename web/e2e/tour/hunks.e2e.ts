import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { launch, Person } from "../browser";
import { ADA } from "../people";
import { asked, RULES, SCRIPT } from "../shop";
import { Swarm } from "../swarm";
import { picture } from "./picture";

/** Takes the picture of a change whose hunks were left out, one at a time. */

let swarm: Swarm;
let browser: Browser;
let desk: Person;

beforeAll(async () => {
  swarm = await Swarm.start(RULES, SCRIPT);
  browser = await launch();
  desk = await Person.at(browser, swarm.url, "desk");
  await desk.join(swarm.firstStart.replace(swarm.url, ""), ADA, "correct horse battery");
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

describe("the pictures", () => {
  it("of what proves a change", async () => {
    const { run } = await asked(swarm);
    const { page } = desk;
    await desk.go(`/runs/${run}/review`);
    await page.locator("details", { hasText: /^Proven/ }).first().locator("summary").click();
    await page.locator(".change .token").first().waitFor();
    // The whole change on one picture.
    await page.setViewportSize({ width: 1440, height: 1200 });
    await picture(desk, "hunks");
  });
});
