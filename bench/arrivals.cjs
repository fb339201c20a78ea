// Requests at a constant rate, whatever becomes of those before (an open model): each has a moment at which it is due, and its
// latency counts from there, so that one that had to wait for its turn is not told as a quick one. Started by bench/login.
//
// Reads from standard input `{origin, rate, seconds, kinds, accounts, sessions, ...}`, prints one line of figures, and keeps the
// refresh tokens, which count once each: they come back in what is printed.
const { Pool } = require("undici");

/** The most requests that are under way: who is so far behind does not keep the rate. */
const UNDER_WAY = 4_000;
const CONNECTIONS = 256;
/** How long answers are waited for after the last request was due. */
const GRACE = 10_000;

const read = async () => {
  let text = "";
  for await (const part of process.stdin) text += part;
  return JSON.parse(text);
};
const json = (authorization, more) => ({ "content-type": "application/json", ...(authorization && { authorization }), ...more });
/** An address of nobody, for each request another: sign-in is counted by address, and there is one client here. */
const address = (n) => ({ "x-forwarded-for": `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` });

/** What each kind of request is: how it is said, and what is kept of its answer. */
function kindsOf(work) {
  let number = work.number;
  const free = work.sessions;
  const waiting = [];
  return {
    login: () => {
      const account = work.accounts[number % work.accounts.length];
      const body = JSON.stringify({ email: account, password: work.password });
      return { method: "POST", path: "/api/auth/login", headers: json(undefined, address(number++)), body, wanted: 200 };
    },
    refresh: async () => {
      const token = free.pop() ?? (await new Promise((done) => waiting.push(done)));
      const keep = (text) => {
        const next = JSON.parse(text).refresh_token;
        const first = waiting.shift();
        first ? first(next) : free.push(next);
      };
      const body = JSON.stringify({ refresh_token: token });
      return { method: "POST", path: "/api/auth/refresh", headers: json(undefined, address(number++)), body, wanted: 200, keep };
    },
    list: () => ({ method: "GET", path: work.list, headers: json(`Bearer ${work.token}`), wanted: 200 }),
    create: () => {
      const body = JSON.stringify({ project: work.project, text: work.text.replace("{n}", number++) });
      return { method: "POST", path: "/api/specs", headers: json(`Bearer ${work.token}`), body, wanted: 201 };
    },
    number: () => number,
  };
}

async function main() {
  const work = await read();
  const pool = new Pool(work.origin, { connections: CONNECTIONS, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
  const kinds = kindsOf(work);
  const total = Math.round(work.rate * work.seconds);
  const latencies = [];
  const refused = {};
  let [sent, done, latestSend] = [0, 0, 0];
  const fail = (why) => { refused[why] = (refused[why] ?? 0) + 1; };

  const ask = async (due, kind) => {
    try {
      const { wanted, keep, ...request } = await kinds[kind]();
      const { statusCode, body } = await pool.request(request);
      const text = await body.text();
      if (statusCode === wanted) {
        keep?.(text);
        latencies.push(performance.now() - due);
      } else {
        fail(`${statusCode} ${text.match(/"code":"([^"]*)"/)?.[1] ?? ""}`.trim());
      }
    } catch (error) {
      fail(error.code ?? error.message);
    }
    done += 1;
  };

  const begun = performance.now() + 50;
  const due = (n) => begun + (n / work.rate) * 1000;
  while (sent < total && sent - done < UNDER_WAY) {
    const now = performance.now();
    for (; sent < total && due(sent) <= now && sent - done < UNDER_WAY; sent += 1) {
      latestSend = Math.max(latestSend, now - due(sent));
      void ask(due(sent), work.kinds[sent % work.kinds.length]);
    }
    await new Promise((next) => (due(sent) - now > 2 ? setTimeout(next, 1) : setImmediate(next)));
  }
  const end = performance.now() + GRACE;
  while (done < sent && performance.now() < end) await new Promise((next) => setTimeout(next, 2));
  const took = (performance.now() - begun) / 1000;

  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? null;
  const text = JSON.stringify({
    rate: work.rate, due: total, sent, answered: latencies.length, unanswered: sent - done, refused, seconds: took,
    p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: latencies.at(-1) ?? null, latest_send_ms: latestSend,
    number: kinds.number(), sessions: work.sessions,
  });
  process.stdout.write(`${text}\n`, () => process.exit(0));
}

main();
