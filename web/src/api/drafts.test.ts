import { beforeEach, expect, it, vi } from "vitest";

const kept = new Map<string, string>();
let full = false;
vi.stubGlobal("location", { origin: "http://127.0.0.1:4180" });
vi.stubGlobal(
  "localStorage",
  new Proxy(
    {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => {
        if (full) throw new Error("no room");
        kept.set(key, value);
      },
      removeItem: (key: string) => void kept.delete(key),
    },
    { ownKeys: () => [...kept.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) },
  ),
);
const { clear, drop, parsed, write } = await import("./drafts");

beforeEach(() => {
  kept.clear();
  full = false;
});

it("keeps what was written until it is taken away", () => {
  write("swarm.draft:ada:spec", "# Shop", "2026-01-01T00:00:00Z");
  expect(parsed(kept.get("swarm.draft:ada:spec") ?? null)).toEqual({ value: "# Shop", at: "2026-01-01T00:00:00Z" });
  drop("swarm.draft:ada:spec");
  expect(kept.size).toBe(0);
});

it("is not stopped by a device that is full, nor by something else in its place", () => {
  full = true;
  expect(() => write("swarm.draft:ada:spec", "# Shop", "now")).not.toThrow();
  expect(parsed("not JSON")).toBeUndefined();
  expect(parsed('"words"')).toBeUndefined();
});

it("leaves nothing behind, of nobody", () => {
  kept.set("swarm.outbox", "[]");
  write("swarm.draft:ada:spec", "a", "now");
  write("swarm.draft:ben:spec", "b", "now");
  clear();
  expect([...kept.keys()]).toEqual(["swarm.outbox"]);
});
