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
    reporters: ["verbose"],
    // What comes later stands on what came before.
    bail: 1,
  },
});
