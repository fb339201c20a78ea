// Many clients of live updates, half of them at each of two servers, who go to the other one when theirs is gone: each knows
// one position and comes back with it, after a wait by chance as the web app's (web/src/live/link.ts). Started by
// bench/ws-failover, which says on standard input which server was killed and where the log ends.
//
//     node followers.cjs CONNECTIONS URL TOKEN URL TOKEN
const WebSocket = require("ws");

const [count, ...words] = process.argv.slice(2);
const servers = [0, 2].map((at) => ({ url: words[at], token: words[at + 1] }));
const [FIRST, LONGEST, AT_ONCE, PATIENCE] = [500, 15_000, 50, 60_000];
const clients = Array.from({ length: Number(count) }, (_, n) => ({
  first: n % 2, at: n % 2, cursor: undefined, base: undefined, heard: 0, repeats: 0, gaps: 0, failures: 0, late: 0, away: false, back: undefined,
}));
let killed;
let stopping = false;

/** Hears a frame, and remembers how late the latest event came since the kill: from being appended to being heard. */
function hear(client, frame, now) {
  if (frame.type === "welcome") {
    client.cursor ??= client.base = frame.position;
  } else if (frame.type === "heartbeat") {
    client.cursor = Math.max(client.cursor, frame.position);
  } else if (frame.type === "gap") {
    client.gaps += 1;
  } else if (frame.type === "event" && frame.position <= client.cursor) {
    client.repeats += 1;
  } else if (frame.type === "event") {
    client.cursor = frame.position;
    client.heard += 1;
    if (killed !== undefined) client.late = Math.max(client.late, now - Date.parse(frame.time));
    // What the server that is gone had sent before is no sign of being back.
    if (client.away) [client.away, client.back] = [false, now];
  }
}

function connect(client, opened) {
  const { url, token } = servers[client.at];
  const after = client.cursor === undefined ? "" : `?after=${client.cursor}`;
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/ws${after}`, {
    headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false, handshakeTimeout: 20_000,
  });
  client.socket = socket;
  socket.on("open", () => socket.send(JSON.stringify({ type: "subscribe", paths: ["events"] })));
  socket.on("message", (data) => {
    const frame = JSON.parse(data);
    if (frame.type === "subscribed") {
      client.failures = 0;
      opened?.();
    }
    hear(client, frame, Date.now());
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (stopping) return;
    const full = Math.min(FIRST * 2 ** client.failures, LONGEST);
    client.failures += 1;
    client.away = true;
    client.at = 1 - client.at;
    setTimeout(() => connect(client, opened), full / 2 + (full / 2) * Math.random());
  });
}

async function connected() {
  const waiting = [...clients];
  const one = async () => {
    for (let client = waiting.pop(); client; client = waiting.pop()) await new Promise((done) => connect(client, done));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function caughtUp(head) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end && clients.some((client) => client.cursor < head)) await new Promise((done) => setTimeout(done, 50));
}

function said(head, lost) {
  return {
    clients: clients.map(({ first, base, heard, repeats, gaps, late, back }) => ({
      moved: first === lost, due: head - base, heard, repeats, gaps, late, without: back === undefined ? null : back - killed,
    })),
  };
}

async function main() {
  await connected();
  console.log("ready");
  let lost;
  for await (const line of require("node:readline").createInterface({ input: process.stdin })) {
    const word = JSON.parse(line);
    if (word.killed !== undefined) {
      [killed, lost] = [word.killed, word.server];
    } else {
      await caughtUp(word.head);
      stopping = true;
      // A pipe takes 64 KB at once: the rest waits for its reader.
      process.stdout.write(`${JSON.stringify(said(word.head, lost))}\n`, () => process.exit(0));
      return;
    }
  }
}

main();
