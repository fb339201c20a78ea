import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { isTyping } from "~/app/shell/keys";
import { chosenAfter } from "./together";

/** The questions that somebody chose, to answer them together. */
export interface Chosen {
  readonly ids: ReadonlySet<string>;
  /** Chooses one or lets it go; with a range, all from the one before it to it. */
  readonly toggle: (id: string, range: boolean) => void;
  readonly set: (ids: readonly string[]) => void;
}

/** What is chosen among those that wait. X chooses the one that is open or has the focus, and with Shift all up to it; Esc lets all go. */
export function useChosen(items: readonly { id: string }[], opened: string | undefined): Chosen {
  const [all, setAll] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string>(undefined);
  // Somebody else may have answered what was chosen.
  const ids = useMemo(() => new Set(items.map(({ id }) => id).filter((id) => all.has(id))), [items, all]);
  const toggle = useCallback(
    (id: string, range: boolean) => {
      const since = range ? last.current : undefined;
      last.current = id;
      setAll(chosenAfter(items, ids, id, since));
    },
    [items, ids],
  );
  const set = useCallback((chosen: readonly string[]) => setAll(new Set(chosen)), []);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.repeat || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key === "Escape") set([]);
      if (event.key.toLowerCase() !== "x") return;
      const at = (event.target instanceof Element ? event.target.closest("[data-question]")?.getAttribute("data-question") : undefined) ?? opened ?? items[0]?.id;
      if (at !== undefined) toggle(at, event.shiftKey);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [items, opened, toggle, set]);
  return { ids, toggle, set };
}
