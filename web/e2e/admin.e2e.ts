import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** What the server has in it: agents, models, settings, and how its parts are. */

/** So many agents of somebody's own. */
const MANY = 224;

let folder: string;

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "swarm-web-agents."));
  for (let at = 1; at <= MANY; at += 1) {
    const name = `own-${String(at).padStart(3, "0")}`;
    writeFileSync(join(folder, `${name}.md`), `---\nname: ${name}\ndescription: Number ${at} of many.\nextends: coder\n---\n\nMoney is whole cents, says number ${at}.\n`);
  }
  // The model answers once; what it is asked then is in no rule.
  swarm = await Swarm.start(
    `
[agents]
folder = "${folder}"

[flows.gate]
semgrep = "off"
`,
    `
name = "rehearsal"

[[rules]]
nth = 1
text = "Here I am."
`,
  );
  // With this one it would not have started; while it runs, it goes on with what it has.
  writeFileSync(join(folder, "broken.md"), "---\nname: broken\ncolour: red\n---\n\nNobody reads this.\n");
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
});

afterAll(async () => {
  await browser?.close();
  await swarm?.end();
  rmSync(folder, { recursive: true, force: true });
});

const both = async (what: string, look: (person: Person) => Promise<void>) => {
  for (const [person, size] of [
    [ada, "desk"],
    [ben, "phone"],
  ] as const) {
    await look(person);
    await accessible(person.page, `${what}, ${size}`);
    await fits(person.page, `${what}, ${size}`);
  }
};

describe("agents' files", () => {
  it("are listed, those that cannot be used first", async () => {
    await both("agents' files", async (person) => {
      await person.go("/admin/agents");
      await person.page.getByText("A file cannot be used").waitFor();
      await person.page.getByRole("link", { name: "own-224" }).waitFor();
    });
    const alert = ada.page.getByRole("alert");
    expect(await alert.textContent()).toMatch(/broken\.md/);
    expect(await alert.textContent()).toMatch(/colour/);
  });

  it("are found by words and by whose they are, at an address that can be sent", async () => {
    const { page } = ada;
    await page.getByLabel("Find").fill("number 17");
    await page.getByText(`3 of ${MANY + 10} agents`).waitFor();
    await page.getByLabel("Find").fill("");
    await page.getByLabel("Whose").selectOption("built_in");
    await page.getByLabel("Can").selectOption("plan");
    await page.getByText(/^1 of/).waitFor();
    await page.reload();
    await page.getByText(/^1 of/).waitFor();
    await page.getByLabel("Find").fill("nobody is called so");
    await page.getByText("No agent is like that").waitFor();
    await page.getByRole("link", { name: "Take every filter away" }).click();
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "JSON" }).click()]);
    expect(file.suggestedFilename()).toBe("agents-files.json");
  });

  it("say what an agent is told, with what it inherits", async () => {
    await both("an agent of somebody's own", async (person) => {
      await person.go("/admin/agents/own-001");
      await person.page.getByText("Money is whole cents, says number 1.").waitFor();
      await person.page.getByText("You are a careful programmer.").waitFor();
    });
    const { page } = ada;
    expect((await page.locator("code[title]").first().getAttribute("title"))?.length).toBeGreaterThan(20);
    await page.getByText("No attempt of it has ended yet.").waitFor();
    await page.getByRole("link", { name: "agents.folder" }).click();
    await page.waitForURL(/\/admin\/settings\?text=agents\.folder/);
    await page.goBack();
    await page.getByRole("heading", { name: "own-001" }).waitFor();
    await ada.go("/admin/agents/coder");
    await page.getByText("<{7}").first().waitFor();
  });

  it("say so where there is no such agent", async () => {
    await ada.go("/admin/agents/nobody");
    await ada.page.getByRole("alert").getByText("agent.unknown").waitFor();
    await fits(ada.page, "an agent that is not there");
  });
});

describe("models", () => {
  it("are listed with what they can and cost", async () => {
    await both("models", async (person) => {
      await person.go("/admin/models");
      await person.page.getByRole("heading", { name: "How they are called" }).waitFor();
      await person.page.getByText("Takes calls").waitFor();
    });
    // A reviewer sees them, and has none asked.
    expect(await ben.page.getByRole("button", { name: /^Try/ }).count()).toBe(0);
  });

  it("are tried, and say what came of it", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: /^Try/ }).click();
    await page.getByText("Here I am.").waitFor();
    await accessible(page, "a model that answered");
    await fits(page, "a model that answered");
    await page.getByRole("button", { name: /^Try/ }).click();
    await page.getByText("It did not answer").waitFor();
    await page.getByRole("alert").getByText(/^model\./).waitFor();
    await accessible(page, "a model that did not answer");
    await fits(page, "a model that did not answer");
  });

  it("fit a phone whatever a problem says", async () => {
    const { context, page } = ada;
    const problem = { code: "model.not_recorded", detail: `the recording has no reply to ${"59f3aabd".repeat(12)}`, next: "record it" };
    await context.route("**/api/models/check", (route) =>
      route.fulfill({ json: { model: "scripted/rehearsal", answered: false, text: "", milliseconds: 0, tokens_in: 0, tokens_out: 0, cost: 0, priced: false, problem } }),
    );
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: /^Try/ }).click();
    await page.getByText("model.not_recorded").waitFor();
    await fits(page, "a problem with a long word");
    await page.setViewportSize({ width: 1440, height: 900 });
    await context.unroute("**/api/models/check");
  });

  it("say what to set where there is none", async () => {
    for (const { context } of [ada, ben]) {
      await context.route("**/api/models", (route) => route.fulfill({ json: { items: [], policy: [], price_version: "2026-11-01", deadline_seconds: 900 } }));
    }
    await both("no model", async (person) => {
      await person.go("/admin/models");
      await person.page.getByText("No model is configured").waitFor();
      await person.page.getByRole("heading", { name: /OPENAI_BASE_URL/ }).waitFor();
    });
    for (const { context } of [ada, ben]) await context.unroute("**/api/models");
  });
});

describe("settings of the program", () => {
  it("are listed with where each is from", async () => {
    const { page } = ada;
    await ada.go("/admin/settings");
    await page.getByRole("cell", { name: "build.max_parallel" }).waitFor();
    await accessible(page, "settings of the program");
    await fits(page, "settings of the program");
    await page.getByLabel("Find").fill("server.port");
    expect(await page.getByRole("row").last().getByRole("cell").last().textContent()).toBe("--port");
    await page.getByLabel("Find").fill("");
    await page.getByRole("link", { name: /^Changed/ }).click();
    await page.getByRole("row").filter({ hasText: "agents.folder" }).waitFor();
    await page.getByRole("row").filter({ hasText: "flows.gate.semgrep" }).getByText("config.toml").waitFor();
    expect(await page.getByRole("cell", { name: "build.max_parallel" }).count()).toBe(0);
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
    expect(file.suggestedFilename()).toBe("settings.csv");
    await ben.go("/admin/settings");
    await ben.page.getByText("This is for who looks after the system").waitFor();
    await accessible(ben.page, "settings that are for others, phone");
    await fits(ben.page, "settings that are for others, phone");
  });

  it("say what is turned on, and how to turn it", async () => {
    const { page } = ada;
    await page.getByRole("link", { name: /^Feature switches/ }).click();
    await page.waitForURL(/show=switches/);
    const semgrep = page.getByRole("listitem").filter({ hasText: "flows.gate.semgrep" });
    await semgrep.getByText("Off", { exact: true }).waitFor();
    await semgrep.getByText("Change it").focus();
    await page.keyboard.press("Enter");
    await semgrep.getByText("SWARM_FLOWS__GATE__SEMGREP=block").waitFor();
    await semgrep.getByLabel("To").selectOption('"warn"');
    await semgrep.getByText('semgrep = "warn"').waitFor();
    await accessible(page, "feature switches");
    await fits(page, "feature switches");
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page, "feature switches in a narrow window");
    await ada.go("/admin/settings");
    await fits(page, "settings of the program in a narrow window");
    await page.setViewportSize({ width: 1440, height: 900 });
  });
});

describe("plugins", () => {
  it("are said not to be there, with what can be put in without one", async () => {
    await both("plugins", async (person) => {
      await person.go("/admin/plugins");
      await person.page.getByText("swarm has no plugins yet").waitFor();
    });
    // What somebody may not see is not offered.
    expect(await ben.page.getByRole("main").getByRole("link", { name: "Feature switches" }).count()).toBe(0);
    await ada.page.getByRole("link", { name: "Feature switches" }).click();
    await ada.page.waitForURL(/show=switches/);
  });
});

describe("the system", () => {
  it("says how each part is, and its version", async () => {
    const { page } = ada;
    await ada.go("/admin");
    await page.getByText("the newest that this program knows").waitFor();
    await page.getByText(/hears what happens/).waitFor();
    await accessible(page, "a system that is well");
  });

  it("says what mends what is not well", async () => {
    const { context, page } = ada;
    await context.route("**/health", async (route) => {
      const health = (await (await route.fetch()).json()) as Record<string, Record<string, unknown>>;
      await route.fulfill({
        json: {
          ...health,
          status: "degraded",
          database: { ...health.database, ok: false, detail: "its tables are at migration 1, and this swarm was built for 2", migration: 1, migration_known: 2 },
          live: { ok: false, detail: "Redis is away" },
        },
      });
    });
    await ada.go("/admin");
    await page.getByText("2 of 5 not well").waitFor();
    await page.getByText("This swarm is newer than its tables.").waitFor();
    await page.getByText("migration 1; this program knows 2").waitFor();
    await accessible(page, "a system that is not well");
    await fits(page, "a system that is not well");
    await context.unroute("**/health");
  });

  it("and no page complained", () => {
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
