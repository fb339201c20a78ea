import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import type { Event } from "~/api/generated/live";
import { together } from "~/api/pace";
import { Connection } from "./connection";
import { initial, type Link, type Standing, standing } from "./link";
import { type Key, touched } from "./touched";

/** How often what is shown of the connection is looked at again, in milliseconds. */
const TICK = 1_000;

type Listener = () => void;

/** What pages know of the connection: one for the whole app. */
class Live {
  #link: Link = initial;
  #connection: Connection | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #onEvent = new Set<(event: Event) => void>();

  readonly link = () => this.#link;

  readonly subscribe = (listener: Listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly follow = (listener: (event: Event) => void) => {
    this.#onEvent.add(listener);
    return () => void this.#onEvent.delete(listener);
  };

  start(queries: QueryClient, signedOut: () => void): () => void {
    let old = new Map<string, Key>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const keys = [...old.values()];
      old = new Map();
      for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
    };
    this.#connection = new Connection({
      link: (link) => {
        this.#link = link;
        for (const listener of this.#listeners) listener();
      },
      event: (event) => {
        for (const key of touched(event)) old.set(key.join("/"), key);
        timer ??= setTimeout(flush, together());
        for (const listener of this.#onEvent) listener(event);
      },
      anew: () => void queries.invalidateQueries(),
      signedOut,
    });
    return () => {
      clearTimeout(timer);
      this.#connection?.end();
      this.#connection = undefined;
      this.#link = initial;
    };
  }
}

export const live = new Live();

/** What may be said of what is on the screen, and since when nothing was heard. Looked at again every second. */
export function useStanding(): { standing: Standing; link: Link; now: number } {
  const link = useSyncExternalStore(live.subscribe, live.link, live.link);
  const now = useNow(TICK);
  return { standing: standing(link, now), link, now };
}

let clock = Date.now();
const ticking = new Set<Listener>();
let ticker: ReturnType<typeof setInterval> | undefined;

function tick(listener: Listener) {
  ticking.add(listener);
  if (ticker === undefined) clock = Date.now();
  ticker ??= setInterval(() => {
    clock = Date.now();
    for (const one of ticking) one();
  }, TICK);
  return () => {
    ticking.delete(listener);
    if (ticking.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
  };
}

/** The time, in steps of so many milliseconds; one timer for all who want it. */
export function useNow(step = TICK): number {
  const now = () => Math.floor(clock / step) * step;
  return useSyncExternalStore(tick, now, now);
}

/** Calls back with every event while the page is there. */
export function useEvents(listener: (event: Event) => void): void {
  useEffect(() => live.follow(listener), [listener]);
}
