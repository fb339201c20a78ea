import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, it } from "vitest";
import { launch, Person } from "../browser";
import { Swarm } from "../swarm";
import type { Browser } from "playwright-core";

/** Takes the pictures of docs/src/web.md, from a run of the demo that stands before its second question. */

const images = resolve(import.meta.dirname, "../../../docs/src/images");
let swarm: Swarm;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(images, { recursive: true });
  swarm = await Swarm.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

it("takes the pictures", async () => {
  const desk = await Person.at(browser, swarm.url, "desk");
  const phone = await Person.at(browser, swarm.url, "phone");
  await desk.join(swarm.firstStart, "ada@example.org", "correct horse battery");
  const { link } = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: "ben@example.org", role: "reviewer" });
  await phone.join(`/join#${link}`, "ben@example.org", "correct horse battery");

  const { page } = desk;
  await page.getByRole("button", { name: "Take the example" }).click();
  await page.getByRole("combobox", { name: "Project" }).fill("textstat");
  await page.keyboard.press("Escape");
  await page.getByLabel("Its repository").fill(swarm.repo);
  await page.getByRole("button", { name: "Make a plan" }).click();
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.getByRole("link", { name: "Timeline" }).waitFor();
  const question = page.getByRole("region", { name: "Questions" }).getByRole("listitem").first();
  await desk.go("/approvals");
  await question.click();
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await page.keyboard.press("a");
  await page.getByText(/Approved by/).first().waitFor();
  await page.getByText(/Merge the change of/).first().waitFor({ timeout: 60_000 });

  await desk.go("/");
  await desk.isLive();
  await page.getByText(/Merge the change of/).first().waitFor();
  await page.screenshot({ path: `${images}/web-home.png` });
  await desk.go("/approvals");
  await question.click();
  await page.locator(".change-file").first().waitFor();
  await page.screenshot({ path: `${images}/web-approval.png` });
  await phone.page.emulateMedia({ colorScheme: "dark" });
  await phone.go(new URL(page.url()).pathname);
  await phone.page.locator(".change-file").first().waitFor();
  await phone.page.screenshot({ path: `${images}/web-approval-phone.png`, scale: "css" });
});
