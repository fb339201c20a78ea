// Cuts out of our font what nearly all words are made of, so that what is painted first waits for little. The rest of it is asked
// for by the pages that need it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import subset from "subset-font";
import type { Plugin } from "vite";

const ROOT = new URL("../", import.meta.url);
const WHOLE = new URL("node_modules/@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-wght-normal.woff2", ROOT);
const OUT = new URL("src/app/generated/", ROOT);
/** What the app's styles ask of a font: figures of one width, and letters that stand well beside each other. */
const FEATURES = ["calt", "ccmp", "kern", "liga", "locl", "mark", "tnum"];

/** The name that the build gives the file. */
export const CORE = /plex-core[^/]*\.woff2$/;

/** The step of the build, and of what is served while the app is developed. */
export function font(): Plugin {
  return {
    name: "swarm-font",
    async config() {
      const styles = await readFile(new URL("src/app/font.css", ROOT), "utf8");
      const [whole, core] = [await readFile(WHOLE), face(styles, "plex-core.woff2")];
      const options = { targetFormat: "woff2", variationAxes: { wght: core.weights }, keepFeatures: FEATURES } as const;
      await mkdir(OUT, { recursive: true });
      await writeFile(new URL("plex-core.woff2", OUT), await subset(whole, core.letters, options));
    },
  };
}

/** What the styles take from a file: they say it once, for the browser and for this. */
function face(styles: string, file: string): { letters: string; weights: { min: number; max: number } } {
  const rule = styles.split("@font-face").find((rule) => rule.includes(file)) ?? "";
  const [, min, max] = /font-weight: (\d+) (\d+);/.exec(rule) ?? [];
  const [, range] = /unicode-range: ([^;]+);/.exec(rule) ?? [];
  if (min === undefined || max === undefined || range === undefined) throw new Error(`src/app/font.css does not say what is in ${file}`);
  const letters = range.split(",").flatMap((part) => {
    const [first, last = first] = part.trim().slice(2).split("-").map((code) => Number.parseInt(code, 16));
    if (first === undefined || last === undefined || Number.isNaN(first + last)) throw new Error(`src/app/font.css: ${part} is no range`);
    return Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at));
  });
  return { letters: letters.join(""), weights: { min: Number(min), max: Number(max) } };
}
