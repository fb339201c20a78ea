import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { me } from "~/api/session";
import { isTyping, nothing, pressed } from "./keys";
import { placesOf } from "./Nav";
import type { Overlay } from "./Shell";

/** The keys that work on every page: the palette, the list of keys, and G then a letter. */
export function useKeys(open: (overlay: Overlay) => void): void {
  const router = useRouter();
  const queries = useQueryClient();
  useEffect(() => {
    let sequence = nothing;
    const listen = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return open("palette");
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog]")) return;
      if (event.key === "?") return open("shortcuts");
      const after = pressed(sequence, event.key, event.timeStamp);
      sequence = after.sequence;
      if (after.go === undefined) return undefined;
      // The page that is left must not take the second letter for one of its own.
      event.stopImmediatePropagation();
      const place = placesOf(queries.getQueryData(me.queryKey)).find(({ key }) => key === after.go);
      if (place) void router.navigate({ to: place.to });
      return undefined;
    };
    addEventListener("keydown", listen, { capture: true });
    return () => removeEventListener("keydown", listen, { capture: true });
  }, [router, queries, open]);
}
