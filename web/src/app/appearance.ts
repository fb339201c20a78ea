import { localStorageColorSchemeManager } from "@mantine/core";
import { useSyncExternalStore } from "react";

/** The same keys as public/appearance.js, which sets the look before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: "swarm.scheme" });
const CONTRAST = "swarm.contrast";

export type Contrast = "auto" | "usual" | "more";

const asked = matchMedia("(prefers-contrast: more)");
const listeners = new Set<() => void>();

function chosen(): Contrast {
  const kept = localStorage.getItem(CONTRAST);
  return kept === "usual" || kept === "more" ? kept : "auto";
}

function apply() {
  const contrast = chosen();
  const more = contrast === "more" || (contrast === "auto" && asked.matches);
  document.documentElement.toggleAttribute("data-contrast", more);
  if (more) document.documentElement.setAttribute("data-contrast", "more");
  for (const listener of listeners) listener();
}

asked.addEventListener("change", apply);
addEventListener("storage", ({ key }) => key === CONTRAST && apply());

export function setContrast(contrast: Contrast): void {
  if (contrast === "auto") localStorage.removeItem(CONTRAST);
  else localStorage.setItem(CONTRAST, contrast);
  apply();
}

export function useContrast(): Contrast {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    chosen,
    () => "auto",
  );
}
