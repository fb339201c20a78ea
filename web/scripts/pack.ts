// Packs what was built: each file that gains by it also as .br and .gz, so that the server never compresses anything.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const PACKED = /\.(js|css|html|svg|json|webmanifest|map|txt)$/;
/** Below it the headers weigh more than what is saved, in bytes. */
const SMALLEST = 512;

async function packed(path: string) {
  const text = await readFile(path);
  if (text.length < SMALLEST) return;
  const br = await promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const gz = await promisify(gzip)(text, { level: 9 });
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
}

/** The step of the build. */
export function pack(): Plugin {
  let folder = "dist";
  return {
    name: "swarm-pack",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true, withFileTypes: true });
      const paths = files.filter((file) => file.isFile() && PACKED.test(file.name));
      await Promise.all(paths.map((file) => packed(join(file.parentPath, file.name))));
    },
  };
}
