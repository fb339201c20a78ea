import { defineConfig } from "vitest/config";

// One journey after the other: they share the machine with a real server, its database and its sandboxes.
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    // The pictures are taken by `make web-tour` alone.
    exclude: process.env.TOUR ? ["e2e/*.e2e.ts"] : ["e2e/tour/**"],
    fileParallelism: false,
    testTimeout: 420_000,
    hookTimeout: 120_000,
    // A machine that is busy is slow, not wrong: no journey ends by how long something took, but where nothing comes at all.
    expect: { poll: { timeout: 60_000, interval: 100 } },
    reporters: ["verbose", ["junit", { outputFile: "e2e/out/journeys.xml" }]],
    // What comes later stands on what came before.
    bail: 1,
  },
});
