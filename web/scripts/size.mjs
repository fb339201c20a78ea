// What a first visit loads of each page: the scripts that it names, which scripts/pages.ts found by what imports what, and its styles,
// compressed. Fails above the bound that docs/src/web.md promises.
import { readdir, readFile, stat } from "node:fs/promises";

const BOUND = 200 * 1024;
const dist = new URL("../dist/", import.meta.url);

async function packed(name) {
  return stat(new URL(`${name}.gz`, dist)).then(
    (file) => file.size,
    () => stat(new URL(name, dist)).then((file) => file.size),
  );
}

const sum = async (names) => (await Promise.all([...new Set(names)].map(packed))).reduce((all, one) => all + one, 0);
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const pages = ["index.html", ...(await readdir(new URL("pages/", dist))).filter((name) => name.endsWith(".html")).map((name) => `pages/${name}`)];
if (pages.length < 2) throw new Error("size: no page has a first paint of its own");
for (const page of pages) {
  const text = await readFile(new URL(page, dist), "utf8");
  const named = [...text.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, name]) => name);
  const later = /<meta name="swarm-scripts" content="([^"]+)"/.exec(text)?.[1]?.split(" ").map((name) => name.slice(1));
  if (!later) throw new Error(`size: ${page} names no scripts`);
  const scripts = [...named.filter((name) => name.endsWith(".js")), ...later];
  const [js, css] = [await sum(scripts), await sum(named.filter((name) => name.endsWith(".css")))];
  console.log(`${page.padEnd(26)} ${kb(js).padStart(9)} of JavaScript in ${new Set(scripts).size} files (bound ${kb(BOUND)}), ${kb(css)} of CSS`);
  if (js > BOUND) {
    console.error(`size: ${page} loads more at first than its bound; split what is not needed at once from it`);
    process.exitCode = 1;
  }
}
