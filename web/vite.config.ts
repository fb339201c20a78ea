import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { font } from "./scripts/font.ts";
import { pack } from "./scripts/pack.ts";
import { pages } from "./scripts/pages.ts";
import { worker } from "./scripts/worker.ts";

// Where `npm run dev` finds a server: SWARM_URL=http://127.0.0.1:4180 npm run dev
const server = process.env.SWARM_URL ?? "http://127.0.0.1:4180";

/** What opens above a page is no part of its first load. */
const OVERLAYS = /\/@floating-ui\/|\/(Popover|Menu|Modal|ModalBase|Combobox(?!\/ComboboxChevron)|Portal|FocusTrap|ScrollArea|Overlay|RemoveScroll|Floating\w*|Drawer)\/[\w./-]+$|react-remove-scroll/;

export default defineConfig({
  plugins: [react(), font(), pages(), worker(), pack()],
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2022",
    // The page may run and load nothing that is not a file of the server's own.
    assetsInlineLimit: 0,
    // All styles in one file: a page's own are a request more than they weigh.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // How scripts are asked for, with the first script: it would stand in another, which the first then had to wait for.
            { name: "main", test: /vite\/preload-helper|\/src\/main\.ts$/, priority: 1 },
            // What the start runs, and what most pages share, in a few files: each one more is a way to the server and back.
            { name: "base", test: /\/node_modules\/(react|react-dom|scheduler|@tanstack(?!\/react-virtual|\/virtual-core))\// },
            { name: "parts", test: (id: string) => !OVERLAYS.test(id), minShareCount: 6 },
          ],
        },
      },
    },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/api": {
        target: server,
        changeOrigin: true,
        ws: true,
        // The server takes cookies from its own pages alone; while it is developed this one stands for them.
        configure: (proxy) => {
          proxy.on("proxyReq", (request) => request.getHeader("origin") && request.setHeader("origin", server));
          proxy.on("proxyReqWs", (request) => request.setHeader("origin", server));
        },
      },
      "/health": server,
    },
  },
  // What the server says of its pages: nothing runs, or gives a look, that is not a file of its own.
  preview: { headers: { "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'" } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
