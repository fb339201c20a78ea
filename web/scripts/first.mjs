// Renders what stands in each page until the app runs: `first.mjs BUILT PATH…` writes what is shown for each path, as JSON. A process of
// its own, with as much of a browser as the app's modules ask for when they are read; what they begin ends with it.
import { pathToFileURL } from "node:url";

const [built, ...paths] = process.argv.slice(2);
const kept = { getItem: (name) => (name === "swarm.signed-in" ? "yes" : null), setItem: () => undefined, removeItem: () => undefined };
const known = {
  localStorage: kept,
  location: new URL("http://swarm/"),
  matchMedia: () => ({ matches: false, addEventListener: () => undefined }),
  navigator: { userAgent: "" },
  CSS: { supports: () => false },
  addEventListener: () => undefined,
};
for (const [name, value] of Object.entries(known)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
const { prerender } = await import(pathToFileURL(built).href);
const shown = {};
for (const path of paths) shown[path] = await prerender(path);
process.stdout.write(JSON.stringify(shown), () => process.exit());
