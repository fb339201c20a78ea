// Writes the service worker, with the names of the files that were built. Kept by hand and not by Workbox: it does three
// things, and Workbox brings two hundred packages to the build for them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { build, type Plugin } from "vite";

const SOURCE = new URL("../src/offline/worker.ts", import.meta.url).pathname;
const PUBLIC = new URL("../public/", import.meta.url);

/** The step of the build. */
export function worker(): Plugin {
  return {
    name: "swarm-worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const own = readdirSync(PUBLIC);
      const names = Object.keys(bundle).filter((name) => !name.endsWith(".map"));
      const files = [...names, ...own].map((name) => `/${name}`).sort();
      const hash = createHash("sha256");
      for (const [name, file] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
        hash.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      for (const name of own) hash.update(name).update(readFileSync(new URL(name, PUBLIC)));
      const version = hash.digest("hex").slice(0, 12);
      const made = await build({
        configFile: false,
        logLevel: "error",
        define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(version) },
        build: { write: false, copyPublicDir: false, target: "es2022", lib: { entry: SOURCE, formats: ["iife"], name: "worker", fileName: () => "sw.js" } },
      });
      const [result] = Array.isArray(made) ? made : [made];
      const chunk = result && "output" in result ? result.output[0] : undefined;
      if (!chunk) throw new Error("the service worker was not built");
      this.emitFile({ type: "asset", fileName: "sw.js", source: chunk.code });
    },
  };
}
