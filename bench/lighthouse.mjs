/*
 * What Lighthouse says of the pages of a server that this starts, and of the start pages of Node-RED's editor and of MailDev where
 * their modules are named. bench/web-lighthouse says what of, on standard input, and takes the rows as JSON from standard output.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");
const work = JSON.parse(readFileSync(0, "utf8"));
/** The longest that a server may take until it answers, in milliseconds. */
const START = 120_000;
/** How often a look is begun. */
const LOOKS = 3;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const PERSON = { email: "ada@example.org", password: "correct horse battery" };

async function main() {
  const { default: look } = await import(pathToFileURL(createRequire(join(work.lighthouse, "x")).resolve("lighthouse")));
  const { default: playwright } = await import(pathToFileURL(createRequire(join(root, "web/package.json")).resolve("playwright-core")));
  const rows = [];
  await withSwarm(work.place, async (url, firstStart) => {
    await withBrowser(playwright, join(work.place, "ours"), async (context, port) => {
      // The first account is made where the pages behind the sign-in begin.
      for (const { name, path, inside } of work.pages) {
        if (inside) await signedIn(context, url, firstStart);
        rows.push(await measured(look, port, `swarm, ${name}`, url + path));
      }
    });
  });
  for (const { name, modules, called } of work.peers) {
    await PEERS[name](modules, work.place, (url) =>
      withBrowser(playwright, join(work.place, name), async (_, port) => rows.push(await measured(look, port, called, url))),
    );
  }
  console.log(JSON.stringify(rows));
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

let isIn = false;

async function signedIn(context, url, firstStart) {
  if (isIn) return;
  isIn = true;
  const page = await context.newPage();
  await page.goto(firstStart);
  await page.getByLabel("Email").fill(PERSON.email);
  await page.getByLabel("Password", { exact: true }).fill(PERSON.password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.waitForURL(({ pathname }) => pathname !== "/first-start");
  await page.close();
}

/** What Lighthouse says of a page, the median of the rounds. Cookies stay; caches and service workers go before each. */
async function measured(look, port, name, url) {
  const rounds = [];
  for (let round = 0; round < work.rounds; round += 1) {
    const lhr = await looked(look, port, name, url);
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
  if (process.env.VERBOSE) console.error(JSON.stringify(row));
  return row;
}

/** One look. The browser does not always answer Lighthouse in time, whatever the page is: then it is begun again. */
async function looked(look, port, name, url) {
  for (let left = LOOKS; ; left -= 1) {
    try {
      const { lhr } = await look(url, { port, output: "json", logLevel: "silent", onlyCategories: CATEGORIES });
      if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
      return lhr;
    } catch (error) {
      if (left <= 1) throw new Error(`${name}: ${error.message}`, { cause: error });
      console.error(`${name}: once more: ${error.message}`);
    }
  }
}

async function withSwarm(place, act) {
  const port = await freePort();
  mkdirSync(join(place, "config/swarm"), { recursive: true });
  const env = { ...process.env, SWARM_DATA: join(place, "data"), XDG_CONFIG_HOME: join(place, "config"), RUST_LOG: "warn" };
  for (const name of Object.keys(env)) if (/_API_KEY$|^OPENAI_BASE_URL$|^DATABASE_URL$/.test(name)) delete env[name];
  const child = spawn(work.program, ["--json", "up", "--port", String(port), "--play", join(root, "examples/textstat/recording.json")], { cwd: place, env, stdio: ["ignore", "pipe", "inherit"] });
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

const PEERS = { "node-red": nodeRed, maildev: mailDev };

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

main().catch((error) => {
  console.error(`web-lighthouse: ${error.message}`);
  process.exit(1);
});
