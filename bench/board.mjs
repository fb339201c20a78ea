/*
 * What bench/web-board measures in Chromium: it is called with the number of tickets, and its last line is the result as JSON.
 *
 * Scripting is what Chromium says of its own main thread (`ScriptDuration`), drawing its `LayoutDuration` and
 * `RecalcStyleDuration`; `until drawn` is from the input to the second frame after it.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const web = join(import.meta.dirname, "../web");
const from = (name) => import(pathToFileURL(createRequire(join(web, "package.json")).resolve(name)));
const TICKETS = Number(process.argv[2] ?? 10_000);
const ROUNDS = 11;
const RUN = "run_01bench";

const STATES = ["waiting", "working", "verifying", "merging", "needs_person", "merged", "cancelled"];
const WORDS = ["Count", "Split", "Read", "Write", "Parse", "Draw", "Check", "Store", "Send", "Sort"];
const problem = { code: "ticket.failed", detail: "its checks fail", next: "look at it" };
const spend = { usd: 1_200, tokens_in: 500, tokens_out: 40, calls: 1 };
const at = "2026-01-01T00:00:00Z";
const id = (n) => `T-${n.toString(36).padStart(5, "0")}`;
const state = (n) => (STATES[n % 7] === "needs_person" ? { state: "needs_person", problem } : { state: STATES[n % 7] });
const numbers = Array.from({ length: TICKETS }, (_, n) => n);

const run = {
  id: RUN, project: "bench", plan: "plan_1", spec: "spec_1", spend, warnings: [], started_at: at, updated_at: at,
  state: { state: "needs_person", problem }, options: { budget: {}, max_parallel: 4, max_attempts: 3 },
};
const ANSWERS = {
  "/api/auth/me": { person: "ada@example.org", role: "owner", scopes: ["runs:read", "runs:write"] },
  "/api/runs": { items: [run] },
  "/api/specs": { items: [] },
  "/api/hitl": { items: [] },
  [`/api/runs/${RUN}/tickets`]: {
    items: numbers.map((n) => ({
      id: id(n), run: RUN, title: `${WORDS[n % 10]} the ${n % 97}th part of module ${n % 311}`, requirements: [`REQ-${n % 400}`],
      state: state(n), attempts: 1 + (n % 3), agent: "coder", step: null, spend, checkpoint: [], updated_at: at,
    })),
  },
  "/api/plans/plan_1": {
    plan: { tickets: numbers.map((n) => ({ id: id(n), risk: ["low", "medium", "high"][n % 3], depends_on: n > 400 ? [{ on: id(n - 400), kind: "blocks" }] : [] })) },
  },
};

main().catch((error) => {
  console.error(`web-board: ${error.message}`);
  process.exit(1);
});

async function main() {
  if (!existsSync(join(web, "dist/index.html"))) throw new Error("web/dist is not there: run `make web`");
  const [{ preview }, { default: { chromium } }] = [await from("vite"), await from("playwright-core")];
  process.chdir(web);
  const server = await preview({ root: web, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
  const path = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((one) => one && existsSync(one));
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    await context.addInitScript(() => localStorage.setItem("swarm.signed-in", "yes"));
    await context.route("**/api/**", (route) => {
      const answer = ANSWERS[new URL(route.request().url()).pathname];
      return answer ? route.fulfill({ json: answer }) : route.abort();
    });
    const page = await context.newPage();
    const url = server.resolvedUrls.local[0];
    await page.goto(`${url}board?run=${RUN}`);
    await page.getByText(`${TICKETS.toLocaleString("en-US")} tickets`).or(page.getByText(/tickets of this run/)).first().waitFor();
    await page.locator("li[data-state]").first().waitFor();
    const drawn = await page.locator("li[data-state]").count();
    await report(page, drawn);
    if (process.env.PICTURE) await page.screenshot({ path: process.env.PICTURE });
  } finally {
    await browser.close();
    await server.close();
  }
}

async function report(page, drawn) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const figures = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1_000]));
  };
  /** What the page does for an input, until it has been drawn. */
  const measured = async (act) => {
    await page.waitForTimeout(700);
    const before = await figures();
    const began = performance.now();
    await act();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const took = performance.now() - began;
    const after = await figures();
    const grew = (name) => after[name] - before[name];
    return { script: grew("ScriptDuration"), draw: grew("LayoutDuration") + grew("RecalcStyleDuration"), took };
  };
  const rounds = async (act, back) => {
    const all = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      all.push(await measured(act));
      await back();
    }
    // The first loads what the page had not needed yet.
    return all.slice(1);
  };

  const find = page.getByLabel("Find");
  const lanes = page.getByLabel("Lanes");
  const scroller = page.getByRole("group", { name: "Tickets by state" });
  const from = page.getByRole("list", { name: "needs person" }).getByRole("listitem").first();
  const to = page.getByRole("list", { name: "waiting" });
  const [start, end] = [await from.boundingBox(), await to.boundingBox()];
  const steps = 12;
  const drag = async () => {
    await page.mouse.move(start.x + 60, start.y + 60);
    await page.mouse.down();
    await page.mouse.move(end.x + 60, start.y + 80, { steps });
    await page.mouse.up();
    await page.getByRole("dialog").waitFor();
  };
  const rows = [
    ["a letter in the search", await rounds(() => find.press("c"), async () => { await find.fill(""); })],
    ["a word in the search, pasted", await rounds(() => find.fill("parse 42"), async () => { await find.fill(""); })],
    ["lanes by requirement (400)", await rounds(() => lanes.selectOption("requirement"), async () => { await lanes.selectOption(""); })],
    ["scrolling by ten screens", await rounds(() => scroller.evaluate((box) => box.scrollBy(0, 6_000)), () => scroller.evaluate((box) => box.scrollTo(0, 0)))],
    [`a drag of ${steps} moves, with its dialog`, await rounds(drag, async () => { await page.keyboard.press("Escape"); await page.getByRole("dialog").waitFor({ state: "detached" }); })],
  ];
  console.log(JSON.stringify({ drawn, rounds: ROUNDS, rows: rows.map(([name, all]) => ({ name, all })) }));
}
