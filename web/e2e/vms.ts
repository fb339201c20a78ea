import type { BrowserContext } from "playwright-core";
import type { Vm, VmList, VmSnapshot } from "../src/api/generated/api";

/**
 * Sandboxes of agents that run commands, as the server's types have them: the recorded model writes files alone, so that a
 * real swarm that plays it has none that stays. Everything else of the API is real.
 */

const MIB = 1024 * 1024;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export async function fixtures(context: BrowserContext, of: Partial<Vm> = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  let looks = 0;
  let taken: string | undefined;
  const vm = (id: string, more: Partial<Vm>): Vm => ({
    id,
    name: id,
    rung: "bubblewrap",
    state: "idle",
    since: ago(12),
    made_at: ago(340),
    agent: "implementer",
    project: "textstat",
    limits: { memory_bytes: 1024 * MIB, cpu_milli: 1_000, pids: 256, disk_bytes: 512 * MIB, network_bytes: 512 * MIB, wall_ms: 60_000 },
    used: {
      cpu_ms: 8_000 + looks * 700 + Math.round(300 * Math.sin(looks)),
      memory_bytes: Math.round((180 + 60 * Math.sin(looks / 2)) * MIB),
      processes: 7,
      disk_bytes: 12 * MIB,
      network_bytes: 40_000 * looks,
    },
    console: [],
    ...more,
  });
  const first = () =>
    vm("vm_01m81esp47r2rvqpsgjwhagykv", {
      state: taken ? "taken_over" : "running",
      taken_by: taken ?? null,
      command: "python3 -m unittest discover -s tests",
      ticket: "T-rdv0g",
      attempt: "T-rdv0g.1",
      ...of,
    });
  const others = () => [
    vm("vm_01m81esp83vny55fesn97gv9dd", { rung: "firecracker", state: "waiting", agent: null, project: null, made_at: ago(70), used: { memory_bytes: 48 * MIB } }),
    vm("vm_01m81espgnrfhyqhgytjdwkh5y", { state: "idle", agent: null, fork_of: "snapshot_01m81espc2cqq7322w1380kqz4", made_at: ago(25) }),
  ];
  const snapshot: VmSnapshot = { id: "snapshot_01m81espc2cqq7322w1380kqz4", vm: first().id, rung: "bubblewrap", memory: false, bytes: 3 * MIB, place: "x", position: 41, at: ago(60) };
  await context.route(/\/api\/(vms|snapshots)(\/.*)?(\?.*)?$/, async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    const method = request.method();
    const json = (body: unknown, status = 200) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
    if (method !== "GET") sent.push({ method, path, body: request.postDataJSON() as unknown });
    if (path === "/api/snapshots") return json({ items: [snapshot] });
    if (path === "/api/vms") {
      looks += 1;
      const list: VmList = { items: [first(), ...others()], elsewhere: [{ node: "worker-2", project: "textstat", run: "run_01m81ep421chcpm09t2e42y7kp", ticket: "T-h1sfk", attempt: "T-h1sfk.1", agent: "implementer", since: ago(44), rung: "bubblewrap" }] };
      return json(list);
    }
    if (path.endsWith("/console")) return json({ commands: ["$ ls", "README.md  textstat  tests", "exit 0", "$ python3 -m unittest", "Ran 12 tests in 0.031s\n\nOK", "exit 0"], console: [] });
    if (path.endsWith("/takeover")) {
      taken = "ada@example.org";
      return json({ vm: first().id, token: "token-1", lease_seconds: 30, left_seconds: 3_600 }, 201);
    }
    if (path.endsWith("/takeover/end")) {
      taken = undefined;
      return route.fulfill({ status: 204 });
    }
    if (path.endsWith("/exec")) {
      const { command } = request.postDataJSON() as { command: string };
      const bad = command.startsWith("false");
      return json({ stdout: bad ? "" : `${command}: done\n`, stderr: "", ended: bad ? "exit 1" : "exit 0", exit_code: bad ? 1 : 0, millis: 41, dropped_bytes: 0 });
    }
    if (path.endsWith("/snapshot")) return json(snapshot, 201);
    if (path.endsWith("/fork")) return json(others()[1], 201);
    if (method === "DELETE") return route.fulfill({ status: 204 });
    const one = [first(), ...others()].find(({ id }) => path.endsWith(id));
    looks += 1;
    return one ? json(one) : json({ type: "x", title: "Not Found", status: 404, code: "vm.unknown", detail: "there is no sandbox", next: "look at the list", correlation: "x" }, 404);
  });
  return sent;
}
