import { expect, it } from "vitest";
import { grown, type Sample } from "./watched";

const vm = (cpu_ms: number | null, network_bytes: number | null = null) => ({ used: { cpu_ms, network_bytes, memory_bytes: 5 } });

it("tells from two looks how fast something was used between them", () => {
  const first = grown([], vm(100, 1_000), 10_000);
  expect(first[0]).toMatchObject({ at: 10, cpu: null, memory: 5, network: null });
  const second = grown(first, vm(2_100, 5_000), 12_000);
  expect(second[1]).toMatchObject({ at: 12, cpu: 1_000, network: 2_000 });
  expect(grown(second, vm(9_000), 12_100)).toBe(second);
});

it("says nothing of what is not measured, and forgets what is long ago", () => {
  let known: readonly Sample[] = grown([], vm(null), 0);
  for (let look = 1; look <= 400; look++) known = grown(known, vm(null), look * 2_000);
  expect(known.length).toBe(300);
  expect(known.at(-1)).toMatchObject({ at: 800, cpu: null, network: null });
});
