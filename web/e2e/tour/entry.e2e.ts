import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { launch, Person } from "../browser";
import { ADA } from "../people";
import { Swarm } from "../swarm";
import { picture } from "./picture";

/** Takes the pictures of a new server: the first steps, the sign-in, and a model that is tried. */

const PASSWORD = "correct horse battery";
/** A recording has no answer to what a try asks; a script has. */
const SCRIPT = 'name = "rehearsal"\njson_schema = true\n\n[[rules]]\ntext = "Here I am."\n';

let swarm: Swarm;
let browser: Browser;
let desk: Person;
let phone: Person;

beforeAll(async () => {
  swarm = await Swarm.start("");
  browser = await launch();
  // Passkeys want a name.
  [desk, phone] = [await Person.at(browser, swarm.named, "desk"), await Person.at(browser, swarm.named, "phone")];
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

describe("the pictures", () => {
  it("of the first steps", async () => {
    const { page } = desk;
    await desk.go(swarm.firstStart.replace(swarm.url, ""));
    await page.getByLabel("Email").fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/welcome\?step=model$/);
    await page.getByText("Model, done").waitFor();
    await page.getByText("played back from a recording").waitFor();
    await picture(desk, "welcome");
  });

  it("of the sign-in", async () => {
    const stranger = await Person.at(browser, swarm.named, "desk");
    for (const [person, name] of [
      [stranger, "sign-in"],
      [phone, "sign-in-phone"],
    ] as const) {
      await person.go("/sign-in");
      await person.page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
      await picture(person, name);
    }
    await stranger.context.close();
    const { page } = phone;
    await page.getByLabel("Email").first().fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    await phone.go("/welcome?step=model");
    await page.getByText("played back from a recording").waitFor();
    await picture(phone, "welcome-phone");
  });

  it("of a model that is tried", async () => {
    const { page } = desk;
    await swarm.kill();
    swarm.plays(SCRIPT);
    await swarm.up();
    await desk.go("/admin/models");
    await desk.isLive();
    await page.getByRole("button", { name: /^Try/ }).click();
    await page.getByText("Here I am.").waitFor();
    await picture(desk, "models");
  });
});
