import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authenticator } from "./authenticator";
import { accessible, fits, launch, Person, SIZES } from "./browser";
import { Swarm } from "./swarm";
import { codeNow } from "./totp";

/** Passkeys, as a browser has them: with an authenticator of the browser's own, which tells who holds it by a word of ours. */

const [ADA, PASSWORD] = ["ada@example.org", "correct horse battery"];

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let authenticator: Authenticator;

beforeAll(async () => {
  swarm = await Swarm.start("");
  browser = await launch();
  ada = await Person.at(browser, swarm.named, "desk");
  await ada.join(swarm.firstStart.replace(swarm.url, ""), ADA, PASSWORD);
  authenticator = await Authenticator.of(ada);
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

/** Looks at where somebody is, at a desk and on a phone. */
async function looked({ page }: Person, what: string): Promise<void> {
  const own = page.viewportSize() ?? SIZES.desk.viewport;
  for (const { viewport } of Object.values(SIZES)) {
    await page.setViewportSize(viewport);
    await fits(page, what);
    if (process.env.PICTURES) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.evaluate((scheme) => document.documentElement.setAttribute("data-mantine-color-scheme", scheme), colorScheme);
        const path = `${process.env.PICTURES}/${what.replaceAll(" ", "-")}-${viewport.width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true, animations: "disabled" });
      }
    }
    await accessible(page, what);
  }
  await page.setViewportSize(own);
}

const section = () => ada.page.locator("section").filter({ has: ada.page.getByRole("heading", { name: "Passkeys" }) });
const row = () => section().getByRole("listitem");
const withPasskey = () => ada.page.getByRole("button", { name: "Sign in with a passkey" });

async function signOut(): Promise<void> {
  await ada.go("/");
  await ada.page.getByRole("button", { name: new RegExp(ADA) }).click();
  await ada.page.getByRole("menuitem", { name: "Sign out" }).click();
  await ada.page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
}

async function signIn({ page }: Person): Promise<void> {
  await page.getByLabel("Email").first().fill(ADA);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

describe("a page without a name", () => {
  it("says where it has one, to strangers and in the settings", async () => {
    const other = await Person.at(browser, swarm.url, "phone");
    const { page } = other;
    await other.go("/sign-in?to=%2Fsettings");
    const there = page.getByRole("link", { name: /^Use a passkey at localhost/ });
    expect(await there.getAttribute("href")).toBe(`${swarm.named}/sign-in?to=%2Fsettings`);
    await looked(other, "signing in by an address");
    await signIn(other);
    await page.getByRole("heading", { name: "Passkeys" }).waitFor();
    await other.settled();
    expect(await page.getByRole("link", { name: /^localhost/ }).getAttribute("href")).toBe(`${swarm.named}/settings?add=passkey`);
    expect(await page.getByText("Add a passkey").count()).toBe(0);
    await looked(other, "settings by an address");
    expect(other.complaints).toEqual([]);
    await other.context.close();
  });
});

describe("a passkey", () => {
  it("is added under a name, by who is known to what keeps it", async () => {
    const { page } = ada;
    await ada.go("/settings");
    await section().getByText(/^None/).waitFor();
    await section().getByText("Add a passkey").click();
    expect(await section().getByLabel("Name").inputValue()).toBe("Chrome on Linux");
    await section().getByLabel("Name").fill("Ada's notebook");
    await looked(ada, "a passkey before it is added");
    await authenticator.knows(false);
    await section().getByRole("button", { name: "Add it" }).click();
    await section().getByRole("status").filter({ hasText: "Nothing was added" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await looked(ada, "a passkey that was not made");
    await authenticator.knows(true);
    await section().getByRole("button", { name: "Add it" }).click();
    await section().getByText("Ada's notebook signs you in from now on.").waitFor();
    await row().filter({ hasText: "never used" }).waitFor();
    expect(await authenticator.kept()).toBe(1);
    await looked(ada, "a passkey that was added");
  });

  it("is not made twice on one device", async () => {
    await section().getByText("Add a passkey").click();
    await section().getByRole("button", { name: "Add it" }).click();
    await section().getByRole("status").filter({ hasText: "has a passkey for this account already" }).waitFor();
    expect(await row().count()).toBe(1);
  });

  it("signs in alone, and leads back to where one was", async () => {
    const { page } = ada;
    await signOut();
    await ada.go("/settings");
    await looked(ada, "signing in with a passkey");
    await withPasskey().click();
    await page.waitForURL(/\/settings$/);
    await row().filter({ hasText: /used just now|used \d+ s ago/ }).waitFor();
  });

  it("lets nobody in whom it does not know, and says so calmly", async () => {
    const { page } = ada;
    await signOut();
    await authenticator.knows(false);
    await withPasskey().click();
    await page.getByRole("status").filter({ hasText: "You are not signed in" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await looked(ada, "a passkey that did not sign in");
    await authenticator.knows(true);
  });

  it("is offered where the address is typed", async () => {
    await authenticator.isOffered(true);
    await ada.page.goto("/sign-in?to=%2Fruns");
    await ada.page.waitForURL(/\/runs$/);
    await ada.page.getByRole("heading", { name: "Runs" }).waitFor();
  });

  it("makes room for a password that is typed instead", async () => {
    await authenticator.isTouched(false);
    await signOut();
    const asked = ada.page.waitForResponse(/\/login\/passkey\/begin$/);
    await ada.go("/sign-in");
    await asked;
    await signIn(ada);
    await ada.page.getByRole("heading", { name: "Home" }).waitFor();
    await authenticator.isOffered(false);
    await authenticator.isTouched(true);
  });

  it("counts as both factors: no code is asked for", async () => {
    const { page } = ada;
    await ada.go("/settings");
    await page.getByRole("button", { name: "Set it up" }).click();
    await page.getByRole("img", { name: /The secret/ }).waitFor();
    const secret = (await page.locator("section").filter({ hasText: "Second factor" }).locator("code").textContent()) ?? "";
    await page.getByLabel("Code of the app").fill(codeNow(secret));
    await page.getByRole("button", { name: "Confirm it" }).click();
    await page.getByRole("button", { name: "I have them" }).click();
    await signOut();
    await signIn(ada);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await ada.go("/sign-in");
    await withPasskey().click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
  });

  it("is added only by who signed in lately: who did not comes back to it", async () => {
    const { page } = ada;
    const problem = { code: "auth.session_old", detail: "this is for who signed in within the last 10 minutes", next: "sign out, sign in again, and do it then" };
    await page.route("**/api/auth/passkeys/begin", (route) => route.fulfill({ status: 403, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 403, ...problem } }));
    await ada.go("/settings?add=passkey");
    await section().getByRole("button", { name: "Add it" }).click();
    await section().getByText("Sign in once more.").waitFor();
    await looked(ada, "a passkey of somebody who signed in long ago");
    await page.unroute("**/api/auth/passkeys/begin");
    await section().getByRole("button", { name: "Sign in again" }).click();
    await withPasskey().click();
    await page.waitForURL(/\/settings\?add=passkey$/);
    await expect.poll(() => section().getByRole("button", { name: "Add it" }).evaluate((button) => button === document.activeElement)).toBe(true);
  });

  it("opens nothing once it was removed, though it is kept still", async () => {
    const { page } = ada;
    await section().getByRole("button", { name: "Remove Ada's notebook" }).click();
    await looked(ada, "a passkey that is to be removed");
    await section().getByRole("button", { name: "Back" }).click();
    await section().getByRole("button", { name: "Remove Ada's notebook" }).click();
    // That of its row makes place for it.
    await section().getByText(/It lets you in no more/).waitFor();
    await section().getByRole("button", { name: "Remove Ada's notebook" }).click();
    await section().getByText(/^None/).waitFor();
    await signOut();
    expect(await authenticator.kept()).toBe(1);
    await withPasskey().click();
    await page.getByRole("alert").getByText("auth.passkey").waitFor();
    await looked(ada, "a passkey that opens nothing");
    expect(ada.complaints).toEqual([]);
  });
});
