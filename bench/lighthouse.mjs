#!/usr/bin/env node
/*
 * The pages of the web app as Lighthouse sees them on its simulated phone (slow 4G, a processor four times slower): the four
 * categories, when the largest thing is painted (LCP), and how much JavaScript came. Beside it the same run on the start pages of
 * Node-RED's editor and of MailDev, each served from this machine.
 *
 *     bench/web-lighthouse [--record] [ROUNDS] [PAGE…]     3 rounds if not said, of which the median is told; named pages alone, without peers
 *
 * Wants `make web` and a release build before it: a debug build serves the same compressed files, but answers slower. SWARM_BIN names
 * another program. With --record the rows are written to results/web-lighthouse.json: only of a machine that does nothing else. A peer
 * that cannot be had here is left out, and said to be.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const program = process.env.SWARM_BIN ?? join(target, process.env.BENCH_BUILD ?? "release", "swarm");
const args = process.argv.slice(2);
const ROUNDS = Number(args.find((word) => /^\d+$/.test(word)) ?? 3);
/** The longest that a server may take until it answers, in milliseconds. */
const START = 120_000;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
/** Goals, of the three categories that a program behind a sign-in can care for. */
const GOAL = { score: 95, lcp: 1_500, js: 200 };
const PAGES = [["sign-in", "/sign-in"], ["home", "/"], ["board", "/board"], ["approvals", "/approvals"], ["settings", "/settings"]];
const only = PAGES.map(([name]) => name).filter((name) => args.includes(name));
const PACKAGES = { lighthouse: "12.8.2", "node-red": "4.1.15", maildev: "2.2.1" };
const PERSON = { email: "ada@example.org", password: "correct horse battery" };

main().catch((error) => {
  console.error(`web-lighthouse: ${error.message}`);
  process.exit(1);
});

async function main() {
  if (args.includes("-h") || args.includes("--help")) return console.log("bench/web-lighthouse [--record] [ROUNDS] [PAGE…]: see its head");
  if (!existsSync(join(root, "web/dist/index.html"))) throw new Error("web/dist is not there: run `make web`");
  if (!existsSync(program)) throw new Error(`${program} is not there: run \`cargo build --release -p swarm\`, or name another by SWARM_BIN`);
  const lighthouse = installed("lighthouse");
  if (!lighthouse) throw new Error("Lighthouse cannot be had: is npm there, and its registry?");
  const { default: look } = await import(pathToFileURL(createRequire(join(lighthouse, "x")).resolve("lighthouse")));
  const { default: playwright } = await import(pathToFileURL(createRequire(join(root, "web/package.json")).resolve("playwright-core")));
  const place = mkdtempSync(join(tmpdir(), "swarm-lighthouse."));
  chmodSync(place, 0o711);
  const rows = [];
  try {
    await withSwarm(place, async (url, firstStart) => {
      await withBrowser(playwright, join(place, "ours"), async (context, port) => {
        for (const [name, path] of PAGES) {
          if (name === "home") await signIn(context, url, firstStart);
          if (only.length > 0 && !only.includes(name)) continue;
          rows.push(await measured(look, port, `swarm, ${name}`, url + path));
        }
      });
    });
    for (const [name, start] of only.length > 0 ? [] : [["node-red", nodeRed], ["maildev", mailDev]]) {
      const modules = installed(name);
      if (!modules) {
        console.log(`${name} cannot be had here and is left out`);
        continue;
      }
      await start(modules, place, (url) => withBrowser(playwright, join(place, name), async (_, port) => rows.push(await measured(look, port, `${name} ${PACKAGES[name]}`, url))));
    }
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
  }
  report(rows);
  if (args.includes("--record")) record(rows);
}

/** The folder of a package's modules, made once; nothing where it cannot be had. */
function installed(name) {
  const folder = join(target, "bench-lighthouse", `${name}-${PACKAGES[name]}`);
  if (!existsSync(join(folder, "complete"))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"private":true}');
    console.log(`installing ${name} ${PACKAGES[name]}`);
    try {
      execFileSync("npm", ["install", "--silent", "--no-fund", "--no-audit", `${name}@${PACKAGES[name]}`], { cwd: folder, stdio: "ignore" });
    } catch {
      return undefined;
    }
    writeFileSync(join(folder, "complete"), "");
  }
  return join(folder, "node_modules");
}

/** A browser whose only profile it is, with the port by which Lighthouse steers it. */
async function withBrowser({ chromium }, profile, act) {
  const port = await freePort();
  const path = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((one) => one && existsSync(one));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: path,
    args: ["--no-sandbox", "--disable-dev-shm-usage", `--remote-debugging-port=${port}`],
  });
  try {
    await act(context, port);
  } finally {
    await context.close();
  }
}

async function signIn(context, url, firstStart) {
  const page = await context.newPage();
  await page.goto(firstStart);
  await page.getByLabel("Email").fill(PERSON.email);
  await page.getByLabel("Password", { exact: true }).fill(PERSON.password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.close();
}

/** What Lighthouse says of a page, the median of the rounds. Cookies stay; caches and service workers go before each. */
async function measured(look, port, name, url) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { lhr } = await look(url, { port, output: "json", logLevel: "silent", onlyCategories: CATEGORIES });
    if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
    const requests = lhr.audits["network-requests"].details.items;
    const scripts = requests.filter(({ resourceType }) => resourceType === "Script");
    rounds.push({
      ...Object.fromEntries(CATEGORIES.map((id) => [id, Math.round((lhr.categories[id].score ?? 0) * 100)])),
      lcp: lhr.audits["largest-contentful-paint"].numericValue,
      js: scripts.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1024,
      at: lhr.finalDisplayedUrl,
      wrong: CATEGORIES.flatMap((id) => lhr.categories[id].auditRefs.filter(({ weight }) => weight > 0).map((ref) => lhr.audits[ref.id])).filter(({ score }) => score !== null && score < 0.9).map((audit) => audit.id),
    });
  }
  const median = (of) => rounds.map((round) => round[of]).sort((a, b) => a - b)[rounds.length >> 1];
  const figures = Object.fromEntries([...CATEGORIES, "lcp", "js"].map((of) => [of, median(of)]));
  const row = { name, ...figures, at: rounds[0].at, wrong: [...new Set(rounds.flatMap(({ wrong }) => wrong))], rounds };
  if (process.env.VERBOSE) console.log(JSON.stringify(row));
  return row;
}

async function withSwarm(place, act) {
  const port = await freePort();
  mkdirSync(join(place, "config/swarm"), { recursive: true });
  const env = { ...process.env, SWARM_DATA: join(place, "data"), XDG_CONFIG_HOME: join(place, "config"), RUST_LOG: "warn" };
  for (const name of Object.keys(env)) if (/_API_KEY$|^OPENAI_BASE_URL$|^DATABASE_URL$/.test(name)) delete env[name];
  const child = spawn(program, ["--json", "up", "--port", String(port), "--play", join(root, "examples/textstat/recording.json")], { cwd: place, env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const said = await new Promise((done, fail) => {
      let out = "";
      const late = setTimeout(() => fail(new Error("swarm did not start in time")), START);
      child.on("exit", (code) => fail(new Error(`swarm ended with ${code}`)));
      child.stdout.on("data", (chunk) => {
        out += chunk;
        if (!out.includes("\n")) return;
        clearTimeout(late);
        done(JSON.parse(out.slice(0, out.indexOf("\n"))));
      });
    });
    await act(`http://127.0.0.1:${port}`, said.first_start);
  } finally {
    await ended(child);
  }
}

async function nodeRed(modules, place, act) {
  const port = await freePort();
  const data = join(place, "node-red-data");
  mkdirSync(data);
  // Its settings are no ES module, whatever stands in the folders above.
  writeFileSync(join(data, "package.json"), '{"private":true}');
  await withServer([join(modules, "node-red/red.js"), "--port", port, "--userDir", data], `http://127.0.0.1:${port}/`, act);
}

async function mailDev(modules, place, act) {
  const [web, smtp] = [await freePort(), await freePort()];
  await withServer([join(modules, "maildev/bin/maildev"), "--web", web, "--smtp", smtp, "--ip", "127.0.0.1"], `http://127.0.0.1:${web}/`, act);
}

async function withServer(command, url, act) {
  const child = spawn(process.execPath, command.map(String), { stdio: "ignore" });
  try {
    for (const began = Date.now(); !(await fetch(url).catch(() => undefined))?.ok; ) {
      if (child.exitCode !== null || Date.now() - began > START) throw new Error(`${command[0]} did not start`);
      await new Promise((done) => setTimeout(done, 200));
    }
    await act(url);
  } finally {
    await ended(child);
  }
}

async function ended(child) {
  child.removeAllListeners("exit");
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGINT");
  await gone;
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const isMet = (row) => CATEGORIES.slice(0, 3).every((id) => row[id] >= GOAL.score) && row.lcp < GOAL.lcp && row.js < GOAL.js;

function report(rows) {
  console.log(`Lighthouse ${PACKAGES.lighthouse}, simulated phone on slow 4G, median of ${ROUNDS}\n`);
  console.log(`${"".padEnd(22)}${["performance", "accessibility", "best practices", "seo", "LCP", "JavaScript"].map((word) => word.padStart(16)).join("")}`);
  for (const row of rows) {
    const shown = [...CATEGORIES.map((id) => row[id]), `${(row.lcp / 1000).toFixed(2)} s`, `${row.js.toFixed(0)} KB`];
    console.log(`${row.name.padEnd(22)}${shown.map((figure) => String(figure).padStart(16)).join("")}`);
    if (row.wrong.length > 0) console.log(`${"".padEnd(22)}  ${row.wrong.join(", ")}`);
  }
  const missed = rows.filter((row) => row.name.startsWith("swarm") && !isMet(row)).map(({ name }) => name);
  console.log(`\ngoal: ${GOAL.score} in the first three, LCP below ${GOAL.lcp / 1000} s, less than ${GOAL.js} KB of JavaScript: ${missed.length === 0 ? "met" : `missed by ${missed.join("; ")}`}`);
  if (missed.length > 0) process.exitCode = 1;
}

/** Writes the rows as all measurements are: LCP beside the better of the peers. */
function record(rows) {
  const peers = rows.filter(({ name }) => !name.startsWith("swarm")).sort((a, b) => a.lcp - b.lcp);
  const code = `
import json, sys
sys.path.insert(0, ${JSON.stringify(join(root, "bench"))})
sys.dont_write_bytecode = True
import record
told = json.load(sys.stdin)
rows = []
for one in told["rows"]:
    peer = told["peer"]
    rows.append(record.row(one["name"] + ": LCP", one["lcp"], "ms", "below ${GOAL.lcp}", one["lcp"] < ${GOAL.lcp}, peer and peer["name"], peer and peer["lcp"], peer and peer["lcp"] / one["lcp"]))
    rows.append(record.row(one["name"] + ": JavaScript", one["js"], "KB", "below ${GOAL.js}", one["js"] < ${GOAL.js}, peer and peer["name"], peer and peer["js"], peer and peer["js"] / one["js"]))
    for score in ("performance", "accessibility", "best-practices"):
        rows.append(record.row(one["name"] + ": " + score, one[score], "of 100", "${GOAL.score} or more", one[score] >= ${GOAL.score}, peer and peer["name"], peer and peer[score], peer and peer[score] and one[score] / peer[score]))
record.write("web-lighthouse", rows, told["raw"], "Lighthouse ${PACKAGES.lighthouse}, its simulated phone, median of ${ROUNDS}")
`;
  const told = { rows: rows.filter(({ name }) => name.startsWith("swarm")), peer: peers[0], raw: rows };
  process.stdout.write(execFileSync("python3", ["-c", code], { input: JSON.stringify(told), encoding: "utf8" }));
}
