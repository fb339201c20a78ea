import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** What is new, on every page: the bell, the window's title; and what paper shows of a dark page. */

const RULES = `
[flows.notifications]
every_seconds = 1

[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false
`;
const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
let plan = "";

beforeAll(async () => {
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
});

const bell = ({ page }: Person) => page.getByRole("button", { name: /^(\d+ new: |Nothing new$)/ });
const says = (person: Person) => bell(person).getAttribute("aria-label");
const begin = () => swarm.ask("POST", "/api/runs", { plan, options: { budget: {}, max_parallel: 1, max_attempts: 1, fresh: true } });

async function looked(person: Person, what: string): Promise<void> {
  await fits(person.page, what);
  if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(" ", "-")}-${person === ada ? 1440 : 390}.png` });
  await accessible(person.page, what);
}

describe("the bell", () => {
  it("says that nothing is new", async () => {
    for (const person of [ada, ben]) {
      await person.isLive();
      expect(await says(person)).toBe("Nothing new");
      await bell(person).click();
      await person.page.getByText("You were told nothing yet.").waitFor();
      await looked(person, "nothing is new");
      await person.page.keyboard.press("Escape");
      await person.page.getByText("You were told nothing yet.").waitFor({ state: "hidden" });
    }
    expect(await ada.page.title()).toBe("Home · swarm");
  });

  it("counts what waits as it happens, and so does the title of the window", async () => {
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    plan = (await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id })).id;
    await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan}`)).plan).toBeTruthy();
    await begin();
    await begin();
    for (const person of [ada, ben]) await expect.poll(() => says(person)).toMatch(/^[2-9] new: 2 questions wait for you/);
    await expect.poll(() => ada.page.title()).toBe("(2) Home · swarm");
    await ada.go("/runs");
    await expect.poll(() => ada.page.title()).toBe("(2) Runs · swarm");
  });

  it("opens by keys, shows the newest, and leads to it", async () => {
    // Whoever was told of it: a question has at the least one.
    const mine = async (person: Person) => {
      await person.go("/notifications");
      return person.page.getByRole("list", { name: "Messages" }).getByRole("listitem").count();
    };
    await expect.poll(async () => (await mine(ada)) + (await mine(ben))).toBeGreaterThan(1);
    const told = (await mine(ada)) > 0 ? ada : ben;
    const { page } = told;
    await told.go("/");
    await bell(told).focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("region", { name: "What is new" });
    await panel.getByRole("link", { name: "2 questions wait for you" }).waitFor();
    for (const person of [ada, ben]) {
      if (person !== told) await bell(person).click();
      await person.page.getByRole("link", { name: "All notifications" }).waitFor();
      await looked(person, "what is new");
    }
    const first = panel.getByRole("list", { name: "The newest messages" }).getByRole("link").first();
    await first.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/approvals\/int_/);
    await panel.waitFor({ state: "hidden" });
    expect(await page.title()).toMatch(/^\(2\) /);
  });

  it("counts no more what was answered, wherever that was", async () => {
    const { items } = await swarm.ask<{ items: { id: string }[] }>("GET", "/api/hitl?state=waiting");
    for (const { id } of items) await swarm.ask("POST", `/api/hitl/${id}/respond`, { type: "ignore", args: null }).catch(() => swarm.ask("POST", `/api/hitl/${id}/respond`, { type: "accept", args: null }));
    for (const person of [ada, ben]) {
      await expect.poll(() => says(person)).not.toMatch(/for you/);
      await expect.poll(() => person.page.title()).not.toMatch(/^\(/);
      await person.go("/notifications");
      const all = person.page.getByRole("button", { name: "Mark all as read" });
      if (await all.count()) await all.click();
      await expect.poll(() => says(person)).toBe("Nothing new");
    }
  });
});

describe("paper", () => {
  it("is white and its ink black, whatever the screen shows", async () => {
    const { page } = ada;
    const colours = (of: string) => page.locator(of).first().evaluate((element) => [getComputedStyle(element).color, getComputedStyle(element).backgroundColor]);
    for (const path of ["/usage", "/requirements", "/audit"]) {
      await ada.go(path);
      for (const [scheme, contrast] of [["dark", "usual"], ["dark", "more"], ["light", "more"]] as const) {
        await page.evaluate(([scheme, contrast]) => {
          document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
          document.documentElement.toggleAttribute("data-contrast", contrast === "more");
          if (contrast === "more") document.documentElement.setAttribute("data-contrast", contrast);
        }, [scheme, contrast] as const);
        await page.emulateMedia({ media: "print" });
        // Colours change by a transition, however short.
        await expect.poll(() => colours("body"), { message: `${path}, ${scheme}, contrast ${contrast}` }).toEqual(["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
        expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/paper${path.replace("/", "-")}-${scheme}-${contrast}.png`, fullPage: true });
        await page.emulateMedia({ media: "screen" });
        await expect.poll(async () => (await colours("body"))[1] === "rgb(255, 255, 255)").toBe(scheme === "light");
      }
    }
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
