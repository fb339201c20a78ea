import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, fits, launch, type Person } from "./browser";
import { two } from "./people";
import { Swarm } from "./swarm";

/** The board, the requirements, time travel and the review, over real runs: at a desk, and on a phone. */

const RULES = `
[[flows.approvals.rules]]
name = "every change"
on = "diff"
four_eyes = false
`;
const SPEC = resolve(import.meta.dirname, "../../examples/textstat/spec.md");

interface Waiting {
  items: { id: string; run: string; ticket?: string }[];
}

let swarm: Swarm;
let browser: Browser;
let ada: Person;
let ben: Person;
let plan = "";
let run = "";
/** Changes of these are left for somebody else to answer. */
const left = new Set<string>();
let answering: ReturnType<typeof setInterval> | undefined;

beforeAll(async () => {
  swarm = await Swarm.start(RULES);
  browser = await launch();
  ({ ada, ben } = await two(browser, swarm));
  answering = setInterval(() => void answerAll().catch(() => undefined), 500);
});

afterAll(async () => {
  clearInterval(answering);
  await browser?.close();
  await swarm?.end();
});

async function answerAll(): Promise<void> {
  const { items } = await swarm.ask<Waiting>("GET", "/api/hitl?state=waiting");
  for (const { id, ticket } of items) {
    if (!left.has(ticket ?? "")) await swarm.ask("POST", `/api/hitl/${id}/respond`, { type: "accept", args: null }).catch(() => undefined);
  }
}

const planned = () => swarm.ask<{ plan?: { tickets: { id: string; title: string }[] } }>("GET", `/api/plans/${plan}`);

async function begin(): Promise<string> {
  const options = { budget: {}, max_parallel: 4, max_attempts: 3, fresh: true };
  return (await swarm.ask<{ id: string }>("POST", "/api/runs", { plan, options })).id;
}

const stateOf = async (id: string) => (await swarm.ask<{ state: { state: string } }>("GET", `/api/runs/${id}`)).state.state;
const settled = (id: string) => expect.poll(() => stateOf(id), { timeout: 250_000, interval: 500 }).not.toBe("running");

/** Looks at a page at a desk and on a phone. */
async function looked(path: string, what: string): Promise<void> {
  for (const person of [ada, ben]) {
    if (person === ben || new URL(person.page.url()).pathname + new URL(person.page.url()).search !== path) await person.go(path);
    await person.settled();
    await fits(person.page, what);
    await accessible(person.page, what);
  }
}

describe("the board", () => {
  it("is empty where nothing is under way, and is reached by keys", async () => {
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("b");
    await page.getByText("Nothing is under way").waitFor();
    await looked("/board", "an empty board");
    await swarm.ask("POST", "/api/projects", { project: "textstat", repo: swarm.repo });
    const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "textstat", text: readFileSync(SPEC, "utf8") });
    plan = (await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id })).id;
    await expect.poll(async () => (await planned()).plan ?? undefined).toBeDefined();
  });

  it("shows where each ticket stands, and what each risks", async () => {
    run = await begin();
    const first = (await planned()).plan!.tickets[0]!;
    left.add(first.id);
    const { page } = ada;
    await ada.go("/board");
    await page.getByRole("link", { name: first.title }).waitFor();
    await expect.poll(() => page.locator("li[data-state]").count()).toBe(8);
    await page.getByText("low risk").first().waitFor();
    await page.getByLabel("Find").fill(first.id);
    await expect.poll(() => page.locator("li[data-state]").count()).toBe(1);
    expect(page.url()).toContain(`text=${first.id}`);
    await page.getByLabel("Find").fill("no such words");
    await page.getByText("No ticket is like that").waitFor();
    await page.getByRole("link", { name: "Take every filter away" }).click();
    await page.getByLabel("Lanes").selectOption("requirement");
    await page.getByRole("heading", { name: /REQ-1/ }).waitFor();
    await looked("/board?lanes=requirement", "the board in lanes");
    await ada.go(`/board?run=${run}`);
    await page.getByRole("link", { name: "Its graph" }).waitFor();
  });

  it("gives a ticket up by keys alone, after it said what that does", async () => {
    const { page } = ada;
    const card = page.locator("li[data-state]").filter({ hasText: "Run it from the command line" });
    await card.waitFor();
    await card.getByRole("link").focus();
    await page.keyboard.press("m");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("No ticket waits for it.").waitFor();
    await accessible(page, "a card that is to be moved", false);
    await dialog.getByLabel("Why").fill("It can wait");
    await dialog.getByRole("button", { name: "Give it up" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("list", { name: "cancelled" }).getByText("Run it from the command line").waitFor();
  });

  it("takes a card only into a column that the server would let it into", async () => {
    const { page } = ada;
    left.clear();
    await settled(run);
    await expect.poll(() => page.getByRole("list", { name: "merged" }).getByRole("listitem").count()).toBeGreaterThan(5);
    const card = page.getByRole("list", { name: "cancelled" }).getByRole("listitem").first();
    await card.dragTo(page.getByRole("list", { name: "merging" }));
    expect(await page.getByRole("dialog").count()).toBe(0);
    // The page may not know yet that the run is at its end, and takes no card there before; who sees that does it again.
    const again = page.getByRole("dialog").getByText("its run works again");
    await expect
      .poll(async () => {
        if (!(await again.count())) await card.dragTo(page.getByRole("list", { name: "waiting" }));
        return again.count();
      }, { interval: 1_000 })
      .toBe(1);
    await page.getByRole("dialog").getByRole("button", { name: "Try it again" }).click();
    await page.getByRole("list", { name: "merged" }).getByText("Run it from the command line").waitFor();
    await settled(run);
  });

  it("goes from card to card by J, K, H and L", async () => {
    const { page } = ada;
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Count sentences");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Attempts" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Board" }).waitFor();
    await looked(`/board?run=${run}`, "the board of a run that is done");
  });

  it("lets nobody move cards who may not", async () => {
    await ben.go(`/board?run=${run}`);
    await ben.page.locator("li[data-state]").first().waitFor();
    expect(await ben.page.getByRole("button", { name: /^Move / }).count()).toBe(0);
  });
});

describe("the requirements", () => {
  it("lead to tickets, commits, evidence and approvals", async () => {
    const { page } = ada;
    await page.keyboard.press("g");
    await page.keyboard.press("q");
    await page.getByText("8 of 8").waitFor();
    await page.getByText("Approved").first().waitFor();
    await page.getByRole("link", { name: /commands hold for REQ-2/ }).click();
    await page.getByText("count_sentences(\"Hi. Who? Me!\")").first().waitFor();
    await page.getByText(/in a fresh .* sandbox/).first().waitFor();
    await looked(`/requirements?run=${run}&open=REQ-2`, "the requirements with their evidence");
    await page.getByLabel("Evidence").selectOption("failing");
    await page.getByText("No requirement is like that").waitFor();
    await page.goBack();
  });
});

describe("the review", () => {
  it("shows each change with what it serves, in both ways", async () => {
    const { page } = ada;
    await ada.go(`/runs/${run}/review`);
    await page.locator(".change .token").first().waitFor();
    await page.getByText("Side by side").click();
    await page.locator(".diff-split").first().waitFor();
    await accessible(page, "a review side by side");
    const first = await page.getByRole("region", { name: "The ticket" }).getByRole("heading").first().textContent();
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await expect.poll(() => page.getByRole("region", { name: "The ticket" }).getByRole("heading").first().textContent()).not.toBe(first);
    await page.locator("summary").filter({ hasText: "commands hold" }).or(page.locator("summary").filter({ hasText: "command holds" })).first().click();
    await page.locator(".change .token").first().waitFor();
    await looked(`/runs/${run}/review`, "a review");
  });
});

describe("time travel", () => {
  it("says at each step what was known, and offers to fork there", async () => {
    const { page } = ada;
    await ada.go(`/runs/${run}?view=steps`);
    await page.getByText("Choose a step").waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.getByText("What was known then").waitFor();
    await page.getByText("0 of 8").waitFor();
    await looked(new URL(page.url()).pathname + new URL(page.url()).search, "a step");
    await page.getByRole("button", { name: "Fork from here" }).click();
    await page.getByLabel("How to go about the ticket").waitFor();
    await accessible(page, "a fork that is to begin", false);
    await page.keyboard.press("Escape");
  });

  it("says why a run that a person steered cannot be played", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Check by replay" }).click();
    await page.getByRole("alert").locator("code").first().waitFor();
  });

  let other = "";

  it("proves another run by playing it", async () => {
    const { page } = ada;
    other = await begin();
    await settled(other);
    expect(await stateOf(other)).toBe("done");
    await ada.go(`/runs/${other}?view=steps`);
    await page.getByRole("button", { name: "Check by replay" }).click();
    await page.waitForURL(/\/compare\//);
    await page.getByText("The replay proves the run").waitFor({ timeout: 100_000 });
    await looked(new URL(page.url()).pathname, "a replay that proves its run");
  });

  it("begins again with other words, and shows where the two runs part", async () => {
    const { page } = ada;
    const { events } = await swarm.ask<{ events: { seq: number; body: { type: string } }[] }>("GET", `/api/events?run=${other}&limit=1000`);
    const said = events.find(({ body }) => body.type === "model_called")!;
    await ada.go(`/runs/${other}?view=steps&step=${said.seq}`);
    await page.getByRole("button", { name: "Fork from here" }).click();
    const reply = page.getByLabel("What the model replies");
    await reply.fill((await reply.inputValue()).replace("import re\n", "import re  # found by a person\n"));
    await page.getByRole("button", { name: "Begin the fork" }).click();
    await page.waitForURL((url) => /\/runs\/run_/.test(url.pathname) && !url.pathname.includes(other));
    const fork = new URL(page.url()).pathname.split("/").at(-1)!;
    await settled(fork);
    await ada.go(`/runs/${other}/compare/${fork}`);
    await page.getByText("Where they part").waitFor();
    await page.getByText("found by a person").first().waitFor();
    await looked(`/runs/${other}/compare/${fork}`, "two runs that differ");
  });

  it("had no complaint from the pages", () => {
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
});
