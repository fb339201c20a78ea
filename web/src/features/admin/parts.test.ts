import { expect, it } from "vitest";
import type { Health } from "~/api/generated/api";
import { partsOf, tables } from "./parts";

const well: Health = {
  status: "ok",
  version: "0.1.0",
  database: { ok: true, detail: "answers", migration: 41, migration_known: 41 },
  queue: { ok: true, detail: "0 runs under way" },
  sandbox: { ok: true, rung: "bubblewrap", detail: "a sandbox can be made" },
  live: { ok: true, detail: "PostgreSQL carries live updates" },
};
const part = (health: Health, name: string, workers?: number) => partsOf(health, workers).find((one) => one.name === name);

it("says how every part is", () => {
  expect(partsOf(well, 1).map(({ name, ok }) => [name, ok])).toEqual([
    ["Database", true],
    ["Queue", true],
    ["Sandbox", true],
    ["Workers", true],
    ["Live updates", true],
  ]);
  expect(part(well, "Sandbox")?.detail).toBe("bubblewrap, Linux namespaces, no kernel of their own: a sandbox can be made");
});

it("counts workers that are not known yet as nothing bad", () => {
  expect(part(well, "Workers")?.ok).toBe(true);
  expect(part(well, "Workers", 0)?.ok).toBe(false);
  expect(part(well, "Workers", 2)?.detail).toBe("2 workers at work");
});

it("tells apart tables that are older, newer, and away", () => {
  const with_ = (migration: number | null) => ({ ...well, database: { ok: false, detail: "", migration, migration_known: 41 } });
  expect(part(with_(40), "Database")?.mend).toMatch(/^This swarm is newer/);
  expect(part(with_(42), "Database")?.mend).toMatch(/^A newer swarm was here/);
  expect(part(with_(null), "Database")?.mend).toMatch(/^Look whether PostgreSQL runs/);
  expect(part(with_(null), "Queue")?.mend).toMatch(/mend that first/);
  expect(tables(well.database)).toBe("migration 41, the newest that this program knows");
  expect(tables(with_(40).database)).toBe("migration 40; this program knows 41");
});
