// Writes the pages that the app's first paths begin with: index.html, with what is shown until the app runs, which the app's own
// parts render here, and with the names of all scripts that it will want, so that none waits until another one was read.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import react from "@vitejs/plugin-react";
import { build, type Plugin, type Rolldown } from "vite";
import { CORE } from "./font.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const ENTRY = "src/features/entry/Frame.tsx";
const FIRST = new URL("first.mjs", import.meta.url).pathname;
/** The longest that rendering may take, in milliseconds. */
const LONGEST = 60_000;
const SHELL = "src/app/shell/Shell.tsx";

interface Page {
  readonly path: string;
  /** Around it: for strangers, or for who is signed in. */
  readonly kind: "entry" | "inside";
  /** What its route loads. */
  readonly view: string;
}

/** By the first part of their paths. */
export const PAGES: Readonly<Record<string, Page>> = {
  "sign-in": { path: "/sign-in", kind: "entry", view: "src/features/entry/SignIn.tsx" },
  home: { path: "/", kind: "inside", view: "src/features/home/Home.tsx" },
  welcome: { path: "/welcome", kind: "inside", view: "src/features/welcome/Welcome.tsx" },
  approvals: { path: "/approvals", kind: "inside", view: "src/features/approvals/Approvals.tsx" },
  runs: { path: "/runs", kind: "inside", view: "src/features/runs/Runs.tsx" },
  design: { path: "/design", kind: "inside", view: "src/features/design/Design.tsx" },
  board: { path: "/board", kind: "inside", view: "src/features/board/Board.tsx" },
  requirements: { path: "/requirements", kind: "inside", view: "src/features/requirements/Requirements.tsx" },
  agents: { path: "/agents", kind: "inside", view: "src/features/agents/Agents.tsx" },
  sandboxes: { path: "/sandboxes", kind: "inside", view: "src/features/sandboxes/Sandboxes.tsx" },
  usage: { path: "/usage", kind: "inside", view: "src/features/usage/Usage.tsx" },
  audit: { path: "/audit", kind: "inside", view: "src/features/audit/Audit.tsx" },
  admin: { path: "/admin", kind: "inside", view: "src/features/admin/Admin.tsx" },
  notifications: { path: "/notifications", kind: "inside", view: "src/features/notifications/Notifications.tsx" },
  settings: { path: "/settings", kind: "inside", view: "src/features/settings/Settings.tsx" },
};

/** The step of the build. */
export function pages(): Plugin {
  return {
    name: "swarm-pages",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const index = bundle["index.html"];
      if (index?.type !== "asset") throw new Error("there is no index.html to begin from");
      // Scripts are asked for after the first paint, by src/main.ts.
      const html = String(index.source).replace(/\s*<link rel="modulepreload"[^>]*>/g, "");
      const rules = new Map<string, string>();
      const markup = await rendered(Object.values(PAGES).map(({ path }) => path));
      const shown = new Map(Object.entries(PAGES).map(([name, { path }]) => [name, classed(markup[path] ?? "", rules)]));
      const { page: styled, href } = withRules(withFont(html, bundle), bundle, rules);
      index.source = withScripts(styled, closure(bundle, ["src/start.tsx"]));
      for (const [name, { kind, view }] of Object.entries(PAGES)) {
        const frame = kind === "entry" ? ENTRY : SHELL;
        const scripts = closure(bundle, ["src/start.tsx", frame, view]);
        const page = withScripts(styled, scripts).replace('<div id="root"></div>', `<div id="root" data-page="${kind}" inert>${shown.get(name)}</div>`);
        this.emitFile({ type: "asset", fileName: `pages/${name}.html`, source: page });
      }
      if (href === undefined) throw new Error("the page has no style");
    },
  };
}

/** The scripts of these modules with all that they import before they run, those first that others stand on. */
function closure(bundle: Rolldown.OutputBundle, modules: readonly string[]): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const [seen, sorted] = [new Set<string>(), [] as string[]];
  const add = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    const file = bundle[name];
    if (file?.type === "chunk") file.imports.forEach(add);
    sorted.push(name);
  };
  for (const module of modules) {
    const chunk = chunks.find(({ facadeModuleId }) => facadeModuleId === ROOT + module) ?? chunks.find(({ moduleIds }) => moduleIds.includes(ROOT + module));
    if (!chunk) throw new Error(`no script has ${module}`);
    add(chunk.fileName);
  }
  return sorted.map((name) => `/${name}`);
}

function withScripts(html: string, scripts: readonly string[]): string {
  return html.replace("</head>", `  <meta name="swarm-scripts" content="${scripts.join(" ")}">\n  </head>`);
}

/**
 * Asks for the font together with the styles that name it: what is painted first is painted with it, and not again when it comes.
 */
function withFont(html: string, bundle: Rolldown.OutputBundle): string {
  const file = Object.keys(bundle).find((name) => CORE.test(name));
  if (file === undefined) throw new Error("there is no font to begin with");
  return html.replace('<link rel="stylesheet"', `<link rel="preload" as="font" type="font/woff2" crossorigin href="/${file}">\n    $&`);
}

/** The page takes no style that stands in it: each becomes a class, whose rule goes to the file of styles. */
function classed(markup: string, rules: Map<string, string>): string {
  return markup.replace(/<([a-z][\w-]*)((?:\s[^<>]*?)?)\sstyle="([^"]*)"([^<>]*)>/g, (_, tag: string, before: string, style: string, after: string) => {
    const rule = style.replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
    const name = rules.get(rule) ?? `first-${rules.size}`;
    rules.set(rule, name);
    const others = `${before}${after}`;
    const classes = /\sclass="/.test(others) ? others.replace(/\sclass="/, (found) => `${found}${name} `) : `${others} class="${name}"`;
    return `<${tag}${classes}>`;
  });
}

/** Puts the rules at the end of the page's styles, which take another name by it. */
function withRules(html: string, bundle: Rolldown.OutputBundle, rules: ReadonlyMap<string, string>): { page: string; href: string | undefined } {
  const href = /<link rel="stylesheet"[^>]*href="\/([^"]+)"/.exec(html)?.[1];
  const file = href === undefined ? undefined : bundle[href];
  if (href === undefined || file?.type !== "asset") return { page: html, href: undefined };
  const text = [...rules].map(([rule, name]) => `.${name}{${rule}}`).join("");
  const source = String(file.source) + text;
  const hash = createHash("sha256").update(source).digest("base64url").slice(0, 8);
  const name = `assets/style-${hash}.css`;
  file.source = source;
  file.fileName = name;
  return { page: html.replaceAll(href, name), href: name };
}

/** What src/prerender.tsx renders for each path. */
async function rendered(paths: readonly string[]): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(ROOT, "node_modules/.swarm-pages-"));
  try {
    await build({
      configFile: false,
      root: ROOT,
      logLevel: "error",
      plugins: [react()],
      resolve: { alias: { "~": join(ROOT, "src") } },
      ssr: { noExternal: true },
      build: { ssr: "src/prerender.tsx", outDir: folder, emptyOutDir: false, copyPublicDir: false, target: "es2022", assetsInlineLimit: 0 },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [FIRST, join(folder, "prerender.js"), ...paths], { timeout: LONGEST });
    return JSON.parse(stdout) as Record<string, string>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
