import type { Health } from "~/api/generated/api";
import { plural } from "~/parts/format";

/** The parts of the program, how they are, and what mends one that is not well. Pure. */
export interface Part {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do where it is not well; backticks stand around what is typed. */
  readonly mend: string;
}

const RUNG: Record<Health["sandbox"]["rung"], string> = {
  firecracker: "microVMs with a kernel of their own",
  qemu: "microVMs by QEMU",
  bubblewrap: "Linux namespaces, no kernel of their own",
  process: "plain processes, no isolation at all",
};

/** Tables of another version than the program. */
function migrate({ migration, migration_known }: Health["database"]): string {
  if (migration == null || migration_known == null) return "Look whether PostgreSQL runs. `swarm doctor` says what it finds.";
  return migration < migration_known
    ? "This swarm is newer than its tables. Start it again: it brings them up to date."
    : "A newer swarm was here, and tables do not go back. Start one that is as new.";
}

/** In the order in which to look at them: what is further down stands on what is above. `workers` are those that are at work, where that is known. */
export function partsOf({ database, queue, sandbox, live }: Health, workers: number | undefined): Part[] {
  return [
    { name: "Database", ok: database.ok, detail: database.detail, mend: migrate(database) },
    { name: "Queue", ok: queue.ok, detail: queue.detail, mend: database.ok ? "`swarm doctor` says what it finds." : "It lives in the database: mend that first." },
    {
      name: "Sandbox",
      ok: sandbox.ok,
      detail: `${sandbox.rung}, ${RUNG[sandbox.rung]}: ${sandbox.detail}`,
      mend: "`swarm sandbox doctor` says which kinds work on this machine, and why others do not. The setting `sandbox.rung` chooses one.",
    },
    {
      name: "Workers",
      ok: workers !== 0,
      detail: workers === undefined ? "" : `${plural(workers, "worker")} at work`,
      mend: "Nothing is worked on. `swarm up` works by itself; `swarm worker` adds one. If one should be there, look at its log.",
    },
    {
      name: "Live updates",
      ok: live.ok,
      detail: live.detail,
      mend: "Look whether Redis runs, at the address in the variable that `live.redis_url_env` names. It is tried again by itself.",
    },
  ];
}

/** The version of the tables, in words. */
export function tables({ migration, migration_known }: Health["database"]): string {
  if (migration == null) return "not known while the database is away";
  return migration === migration_known ? `migration ${migration}, the newest that this program knows` : `migration ${migration}; this program knows ${migration_known}`;
}
