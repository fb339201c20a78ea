import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
/** The longest that a start may take, in milliseconds: a new database is made first. */
const START = 90_000;

/** Asks whoever is there about every plan and every change. */
const RULES = `
[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false

[[flows.approvals.rules]]
name = "every change"
on = "diff"
four_eyes = false
`;

/** The program that is tried. */
export function program(): string {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  return process.env.SWARM_BIN ?? join(target, "debug/swarm");
}

/** A real swarm: its own folder, database and port, with the models' replies from the recording. */
export class Swarm {
  readonly folder = mkdtempSync(join(tmpdir(), "swarm-web."));
  readonly repo = join(this.folder, "repo");
  #process: ChildProcess | undefined;
  #port = 0;
  #play = join(root, "examples/textstat/recording.json");
  /** Where the first account is made. */
  firstStart = "";

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The same by its name, which passkeys want. */
  get named(): string {
    return `http://localhost:${this.#port}`;
  }

  /** `script` is what models say, where they do not play the recording back. */
  static async start(rules = RULES, script?: string): Promise<Swarm> {
    const swarm = new Swarm();
    if (script !== undefined) swarm.plays(script);
    // As root the private PostgreSQL runs as another user, who must pass through here.
    chmodSync(swarm.folder, 0o711);
    mkdirSync(join(swarm.folder, "config/swarm"), { recursive: true });
    writeFileSync(join(swarm.folder, "config/swarm/config.toml"), rules);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", swarm.repo]);
    swarm.#port = await freePort();
    await swarm.up();
    return swarm;
  }

  /** What models say from the next start on. */
  plays(script: string): void {
    this.#play = join(this.folder, "script.toml");
    writeFileSync(this.#play, script);
  }

  /** Starts it, again on the same port, and waits until it answers. */
  async up(): Promise<void> {
    const args = ["--json", "up", "--port", String(this.#port), "--play", this.#play];
    const child = spawn(program(), args, { cwd: this.folder, env: this.#env(), stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    let [out, err] = ["", ""];
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => fail(new Error(`swarm did not start in time:\n${err}`)), START);
      child.on("error", fail);
      child.on("exit", (code) => fail(new Error(`swarm ended with ${code}:\n${err}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
        if (!out.includes("\n")) return;
        clearTimeout(late);
        const said = JSON.parse(out.slice(0, out.indexOf("\n"))) as { first_start?: string };
        this.firstStart = said.first_start ?? "";
        done();
      });
    });
    child.removeAllListeners("exit");
  }

  #env(): NodeJS.ProcessEnv {
    const env = { ...process.env };
    // What is played back must cost nothing, whatever keys the machine has.
    for (const name of Object.keys(env)) if (/_API_KEY$|^OPENAI_BASE_URL$|^DATABASE_URL$/.test(name)) delete env[name];
    return { ...env, SWARM_DATA: join(this.folder, "data"), XDG_CONFIG_HOME: join(this.folder, "config"), RUST_LOG: "warn" };
  }

  /** Ends it without a word, as a crash does. */
  async kill(): Promise<void> {
    await this.#stop("SIGKILL");
  }

  async #stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }

  /** The command line, as the operator of the machine. */
  run(...args: string[]): string {
    return execFileSync(program(), args, { cwd: this.folder, env: this.#env(), encoding: "utf8" });
  }

  /** The API, as the operator of the machine. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { token } = JSON.parse(readFileSync(join(this.folder, "data/server.json"), "utf8")) as { token: string };
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async end(): Promise<void> {
    // Only a stop in order ends the private PostgreSQL.
    if (!this.#process && existsSync(join(this.folder, "data"))) await this.up().catch(() => undefined);
    await this.#stop("SIGINT");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
