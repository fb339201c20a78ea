import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { Swarm } from "./swarm";
import { codeNow } from "./totp";

/** A second factor, as somebody sets it up and is asked for it: with the codes that an app would show. */

const [ADA, PASSWORD] = ["ada@example.org", "correct horse battery"];

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let secret = "";

beforeAll(async () => {
  swarm = await Swarm.start();
  browser = await launch();
  ada = await Person.at(browser, swarm.url, "desk");
  await ada.join(swarm.firstStart.replace(swarm.url, ""), ADA, PASSWORD);
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

describe("a second factor", () => {
  let recovery = "";

  it("is set up by a picture or a secret, and gives recovery codes once", async () => {
    const { page } = ada;
    await ada.go("/settings");
    await page.getByRole("button", { name: "Set it up" }).click();
    await page.getByRole("img", { name: /The secret/ }).waitFor();
    const drawn = await page.getByRole("img", { name: /The secret/ }).evaluate((image: HTMLImageElement) => image.naturalWidth);
    expect(drawn).toBeGreaterThan(0);
    secret = (await page.locator("section").filter({ hasText: "Second factor" }).locator("code").textContent()) ?? "";
    await accessible(page, "a second factor that is set up");
    await page.getByLabel("Code of the app").fill("000000");
    await page.getByRole("button", { name: "Confirm it" }).click();
    await page.getByRole("alert").getByText("auth.second_factor_code").waitFor();
    await page.getByLabel("Code of the app").fill(codeNow(secret));
    await page.getByRole("button", { name: "Confirm it" }).click();
    await page.getByText("Recovery codes").first().waitFor();
    recovery = ((await page.locator("pre").first().textContent()) ?? "").split("\n")[0] ?? "";
    await accessible(page, "recovery codes");
    await fits(page, "recovery codes");
    await page.getByRole("button", { name: "I have them" }).click();
    await page.getByText(/Signing in asks for a code since/).waitFor();
  });

  it("is asked for after the password, on a phone too", async () => {
    const other = await Person.at(browser, swarm.url, "phone");
    const { page } = other;
    await other.go("/sign-in");
    await page.getByLabel("Email").first().fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await accessible(page, "the second step");
    await fits(page, "the second step");
    await page.getByLabel(/Code of the app/).fill("000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("auth.second_factor_code").waitFor();
    await page.getByLabel(/Code of the app/).fill(recovery);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    await other.context.close();
  });
});
