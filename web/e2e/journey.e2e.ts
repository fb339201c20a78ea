import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, Person } from "./browser";
import { Swarm } from "./swarm";

/** What somebody does, from the first start to merged work: at a desk, on a phone, and while the server dies. */

const PASSWORD = "correct horse battery";
const [ADA, BEN] = ["ada@example.org", "ben@example.org"];

interface Interrupts {
  items: { id: string; kind: string; state: string; decided?: string }[];
}

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  swarm = await Swarm.start();
  browser = await launch();
  ada = await Person.at(browser, swarm.url, "desk");
  ben = await Person.at(browser, swarm.url, "phone");
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

const waiting = async () => (await swarm.ask<Interrupts>("GET", "/api/hitl?state=waiting")).items;

describe("somebody comes in", () => {
  it("is led to sign in, and told what is wrong", async () => {
    const { page } = ada;
    await ada.go("/approvals");
    await page.waitForURL((url) => url.pathname === "/sign-in");
    await ada.settled();
    await accessible(page, "sign in");
    await fits(page, "sign in");
    // Its words are in our font, of which they need the small file alone.
    const letters = await page.evaluate(async () => {
      const faces = [...(await document.fonts.ready)];
      return faces.filter(({ family, status }) => family === "Plex" && status === "loaded").map(({ unicodeRange }) => unicodeRange);
    });
    expect(letters).toEqual([expect.stringMatching(/^U\+20-7E,/)]);
    await page.getByLabel("Email").fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("auth.credentials").waitFor();
    await accessible(page, "a refused sign in");
  });

  it("makes the first account by the link that the start prints, which is not left in the address bar", async () => {
    const { page } = ada;
    await ada.go(swarm.firstStart.replace(swarm.url, ""));
    await page.waitForURL((url) => !url.href.includes("swl_"));
    await accessible(page, "first start");
    await page.getByLabel("Email").fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: "First steps" }).waitFor();
    await page.getByRole("link", { name: "Go home", exact: true }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    await ada.isLive();
    await accessible(page, "an empty home");
  });

  it("signs out and in again, and comes back to where they wanted to go", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: ADA }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
    await accessible(page, "the account's menu", false);
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await ada.go("/approvals?show=decided");
    await page.getByLabel("Email").fill(ADA);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByText("Nothing was decided yet").waitFor();
    await accessible(page, "approvals without any");
  });

  it("accepts an invitation on a phone, by the text of the link", async () => {
    const invited = await swarm.ask<{ link: string }>("POST", "/api/invitations", { email: BEN, role: "maintainer" });
    const { page } = ben;
    await ben.go("/join");
    await accessible(page, "join, without a link");
    await page.getByLabel("Link").fill(invited.link);
    await page.getByLabel("Email").fill(BEN);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    await fits(page, "home on a phone");
    await accessible(page, "home on a phone");
  });

  it("chooses another password by a link, and signs in with it", async () => {
    const { items } = await swarm.ask<{ items: { id: string; email: string }[] }>("GET", "/api/users");
    const user = items.find(({ email }) => email === BEN)?.id;
    const { link } = await swarm.ask<{ link: string }>("POST", `/api/users/${user}/link`, { purpose: "reset" });
    const { page } = ben;
    await ben.go(`/reset#${link}`);
    await accessible(page, "reset");
    await page.getByLabel("New password").fill("another horse battery");
    await page.getByRole("button", { name: "Take this password" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("Email").fill(BEN);
    await page.getByLabel("Password", { exact: true }).fill("another horse battery");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
  });
});

describe("work is begun with the keyboard alone", () => {
  it("goes from a spec to a plan with its price", async () => {
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.getByRole("heading", { name: "Home" }).waitFor();
    await page.getByRole("button", { name: "Take the example" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Project" }).focus();
    await page.keyboard.type("textstat");
    await page.keyboard.press("Escape");
    await page.getByLabel("Its repository").focus();
    await page.keyboard.type(swarm.repo);
    await accessible(page, "home with a spec");
    await page.keyboard.press("Enter");
    await page.getByText("What would be done").waitFor();
    await expect.poll(() => page.locator("summary code").count()).toBe(8);
    await accessible(page, "a plan");
    await fits(page, "a plan");
  });

  it("starts the run, which asks before agents begin", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Start the run" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/run_/);
    await page.getByRole("link", { name: "Timeline" }).waitFor();
    await ada.settled();
    await accessible(page, "a run that waits");
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.getByRole("link", { name: /Carry out a plan/ }).waitFor();
    await page.getByText("Running", { exact: true }).waitFor();
    await accessible(page, "home with a question");
  });

  it("shows the palette and the keys", async () => {
    const { page } = ada;
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Approve", { exact: true }).waitFor();
    await accessible(page, "the list of keys");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.getByLabel("Go to, or do").fill("appro");
    await accessible(page, "the palette");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Approvals" }).waitFor();
  });
});

describe("two people at one gate", () => {
  it("tells the second who decided, though their page did not know", async () => {
    // Nothing live reaches ben: his page is as old as when he opened it.
    await ben.context.route("**/api/ws/ticket", (route) => route.abort());
    await ben.context.route("**/api/events/stream*", (route) => route.abort());
    const [question] = await waiting();
    await ben.go(`/approvals/${question?.id}`);
    const approve = ben.page.getByRole("button", { name: "Approve" });
    await approve.waitFor();
    await accessible(ben.page, "a question on a phone");
    await fits(ben.page, "a question on a phone");

    await ada.go("/approvals");
    await ada.page.keyboard.press("j");
    await ada.page.getByRole("button", { name: "Approve" }).waitFor();
    await accessible(ada.page, "a question");
    await ada.page.keyboard.press("a");
    await ada.page.getByText(new RegExp(`Approved by ${ADA}`)).first().waitFor();

    await approve.tap();
    await ben.page.getByText(new RegExp(`Approved by ${ADA}`)).first().waitFor();
    await approve.waitFor({ state: "detached" });
    await accessible(ben.page, "a question that somebody else decided");
    await ben.context.unrouteAll();
  });

  it("tells the second at once where they are live", async () => {
    await ben.page.reload();
    await ben.isLive();
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
    const [question] = await waiting();
    await ben.go(`/approvals/${question?.id}`);
    await ben.page.getByRole("button", { name: "Approve" }).waitFor();
    await ben.page.locator(".change-file").first().waitFor();
    await accessible(ben.page, "a change on a phone");
    await fits(ben.page, "a change on a phone");
    await ada.go(`/approvals/${question?.id}`);
    await ada.page.locator(".change-file").first().waitFor();
    await ada.page.getByText("Side by side").click();
    await accessible(ada.page, "a change side by side");
    await ada.page.keyboard.press("a");
    await ben.page.getByText(new RegExp(`Approved by ${ADA}`)).first().waitFor();
  });
});

describe("the server dies while people watch", () => {
  it("says that what is shown is old, keeps an answer, and goes on by itself", async () => {
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
    const [question] = await waiting();
    await ben.go(`/approvals/${question?.id}`);
    await ben.page.locator(".change-file").first().waitFor();
    await ada.go("/");
    await ada.isLive();
    await swarm.kill();
    await ada.page.getByText("Reconnecting").locator("visible=true").waitFor();
    await ada.page.getByText("This may be old.").waitFor({ timeout: 20_000 });
    await ada.page.getByText("Stale", { exact: true }).locator("visible=true").waitFor();
    await accessible(ada.page, "a page that is stale");

    await ben.page.getByRole("button", { name: "Approve" }).tap();
    await ben.page.getByText("Approved on this device").waitFor();
    await accessible(ben.page, "an answer that is kept");
    await fits(ben.page, "an answer that is kept");

    await swarm.up();
    await ada.isLive();
    await ada.page.getByText("This may be old.").waitFor({ state: "detached" });
    await ben.page.getByText(new RegExp(`Approved by ${BEN}`)).first().waitFor();
    const after = await swarm.ask<{ summary: { decided: string } }>("GET", `/api/hitl/${question?.id}`);
    expect(after.summary.decided).toContain(BEN);
  });

  it("shows the work come to its end, without a reload", async () => {
    // The other changes are approved as a phone's owner would: one tap each.
    const { page } = ben;
    const begun = Date.now();
    for (;;) {
      const { items } = await swarm.ask<{ items: { state: { state: string } }[] }>("GET", "/api/runs");
      if (items[0]?.state.state !== "running") break;
      expect(Date.now() - begun).toBeLessThan(280_000);
      const [question] = await waiting();
      if (!question) {
        await new Promise((done) => setTimeout(done, 250));
        continue;
      }
      await ben.go(`/approvals/${question.id}`);
      const button = page.getByRole("button", { name: "Approve" });
      await button.or(page.getByRole("status").filter({ hasText: "Approved by" })).first().waitFor();
      if (await button.count()) await button.tap();
      await page.getByText(/Approved by/).first().waitFor();
    }
    await ada.page.getByText("Nothing needs you, and nothing runs.").waitFor();
  });

});

describe("what was done can be looked at", () => {
  const pages = async (person: Person, size: string) => {
    const { page } = person;
    await person.go("/runs");
    await page.getByText("8 of 8").waitFor();
    await accessible(page, `runs, ${size}`);
    await fits(page, `runs, ${size}`);
    await page.getByRole("main").getByRole("link", { name: /textstat/ }).first().click();
    await page.getByText("Split a text into words").waitFor();
    await accessible(page, `a run, ${size}`);
    await fits(page, `a run, ${size}`);
    await page.getByRole("link", { name: "Graph", exact: true }).click();
    await page.locator(".graph-ticket").first().waitFor();
    await accessible(page, `the graph, ${size}`);
    await page.getByRole("link", { name: "Timeline", exact: true }).click();
    await page.getByText(/The pull request is open/).waitFor();
    await accessible(page, `the timeline, ${size}`);
    await fits(page, `the timeline, ${size}`);
    await page.getByRole("link", { name: "Result", exact: true }).click();
    await page.getByText(/REQ-3/).first().waitFor();
    await accessible(page, `the result, ${size}`);
    await fits(page, `the result, ${size}`);
    await page.getByRole("link", { name: "Tickets", exact: true }).click();
    await page.getByText("Split a text into words").click();
    await page.getByText("Attempt 1", { exact: true }).waitFor();
    await page.getByText(/coder asked/).first().click();
    await page.locator("pre").filter({ hasText: "words" }).first().waitFor();
    await accessible(page, `a ticket, ${size}`);
    await fits(page, `a ticket, ${size}`);
    await page.goBack();
    await page.getByRole("link", { name: "Graph", exact: true }).waitFor();
  };

  it("at a desk", () => pages(ada, "desk"));
  it("on a phone", () => pages(ben, "phone"));

  it("in the record, which is checked, filtered by address and taken along", async () => {
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await page.getByRole("button", { name: "Verify the log" }).click();
    await page.getByText("The log holds.").waitFor();
    await accessible(page, "the record");
    await page.getByLabel("What", { exact: true }).fill("interrupt_answered");
    await page.keyboard.press("Enter");
    await page.waitForURL(/what=interrupt_answered/);
    await page.getByText("A person answered: accept").first().waitFor();
    const kinds = await page.locator("td code").allTextContents();
    expect(new Set(kinds)).toEqual(new Set(["interrupt_answered"]));
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
    expect(file.suggestedFilename()).toBe("audit.csv");
    await ben.go("/audit?outcome=refused");
    await accessible(ben.page, "the record on a phone");
    await fits(ben.page, "the record on a phone");
  });
});

describe("what is one's own, and who may come in", () => {
  it("makes a key that is shown once, and ends a session elsewhere", async () => {
    const { page } = ada;
    const other = await Person.at(browser, swarm.url, "desk");
    await other.go("/sign-in");
    await other.page.getByLabel("Email").fill(ADA);
    await other.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await other.page.keyboard.press("Enter");
    await other.page.getByRole("heading", { name: "Home" }).waitFor();
    await ada.go("/settings");
    await accessible(page, "settings");
    await page.getByText("Make a key").click();
    await page.getByLabel("Name").fill("ci");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByText(/^swk_/).waitFor();
    await accessible(page, "settings with a key");
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByText(/^swk_/).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "End it" }).first().click();
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor({ timeout: 40_000 });
    await other.context.close();
    await ben.go("/settings");
    await accessible(ben.page, "settings on a phone");
    await fits(ben.page, "settings on a phone");
  });

  it("invites somebody, and gives another role, which counts at once", async () => {
    const { page } = ada;
    await ada.go("/admin");
    await accessible(page, "administration");
    await page.getByLabel("Invite somebody").fill("cleo@example.org");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    const address = await page.getByText(/\/join#swl_/).textContent();
    await accessible(page, "administration with an invitation");
    const cleo = await Person.at(browser, swarm.url, "phone");
    await cleo.join(address ?? "", "cleo@example.org", PASSWORD);
    await page.getByLabel("Role of cleo@example.org").selectOption("admin");
    await cleo.go("/admin");
    await cleo.page.getByRole("heading", { name: "Accounts" }).waitFor();
    await accessible(cleo.page, "administration on a phone");
    await fits(cleo.page, "administration on a phone");
    await cleo.context.close();
  });
});

describe("in the end", () => {
  it("left nobody with a complaint of their browser", () => {
    expect(ada.complaints).toEqual([]);
    expect(ben.complaints).toEqual([]);
  });
});
