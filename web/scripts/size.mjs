// What a first visit loads: the page's own script and what it imports statically, compressed, and the same for the
// styles. Fails above the bound that docs/src/web.md promises.
import { readFile, stat } from "node:fs/promises";

const BOUND = 200 * 1024;
const dist = new URL("../dist/", import.meta.url);
const page = await readFile(new URL("index.html", dist), "utf8");
const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((found) => found[1]);

async function packed(name) {
  return stat(new URL(`${name}.gz`, dist)).then(
    (file) => file.size,
    () => stat(new URL(name, dist)).then((file) => file.size),
  );
}

/** A script with all that it imports before it runs. */
async function withImports(names) {
  const seen = new Set();
  const queue = [...names];
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name)) continue;
    seen.add(name);
    const text = await readFile(new URL(name, dist), "utf8");
    for (const found of text.matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[^"'()]*?from\s*)?["']\.\/([^"']+\.js)["']/g)) {
      queue.push(`assets/${found[1]}`);
    }
  }
  return [...seen];
}

const scripts = await withImports(named.filter((name) => name.endsWith(".js")));
const sum = async (names) => (await Promise.all(names.map(packed))).reduce((all, one) => all + one, 0);
const [js, css] = [await sum(scripts), await sum(named.filter((name) => name.endsWith(".css")))];
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`first load, gzip: ${kb(js)} of JavaScript in ${scripts.length} files (bound ${kb(BOUND)}), ${kb(css)} of CSS`);
if (js > BOUND) {
  console.error("size: the first load is above its bound; split what is not needed at once from it");
  process.exit(1);
}
