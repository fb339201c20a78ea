import { queryOptions } from "@tanstack/react-query";
import { client, take } from "~/api/client";
import type { Event } from "~/api/generated/api";

/** The most that the log gives at once, and the most that a page keeps. */
const PAGE = 1_000;
const MOST = 5_000;

export const ticket = (run: string, id: string) =>
  queryOptions({
    queryKey: ["ticket", run, id],
    queryFn: async () => take(client.GET("/api/runs/{run}/tickets/{ticket}", { params: { path: { run, ticket: id } } })),
  });

export const pullRequest = (run: string) =>
  queryOptions({
    queryKey: ["run", run, "pull-request"],
    queryFn: async () => take(client.GET("/api/runs/{run}/pull-request", { params: { path: { run } } })),
    retry: false,
  });

/** What a step of a run said: a prompt and its reply, a tool's call, a diff. It never changes. */
export const step = (run: string, at: number) =>
  queryOptions({
    queryKey: ["steps", run, at],
    queryFn: async () => take(client.GET("/api/runs/{run}/steps/{step}", { params: { path: { run, step: at } } })),
  });

/** Two runs side by side. The second is the one that may still be at work: what happens in it makes this old. */
export const comparison = (first: string, second: string) =>
  queryOptions({
    queryKey: ["run", second, "diff", first],
    queryFn: async () => take(client.GET("/api/runs/{run}/diff/{other}", { params: { path: { run: first, other: second } } })),
  });

export interface History {
  readonly events: readonly Event[];
  /** Whether there are more than are kept here. */
  readonly cut: boolean;
}

/** What happened in a run, from its beginning. What comes later is added as it happens. */
export const history = (run: string) =>
  queryOptions({
    queryKey: ["history", run],
    queryFn: async (): Promise<History> => {
      const events: Event[] = [];
      let after = 0;
      while (events.length < MOST) {
        const page = await take(client.GET("/api/events", { params: { query: { run, after, limit: PAGE } } }));
        events.push(...page.events);
        if (page.next === after || page.events.length < PAGE) return { events, cut: false };
        after = page.next;
      }
      return { events, cut: true };
    },
  });

/** The history with an event more, where it is one that is not there yet. */
export function grown(known: History | undefined, event: Event): History | undefined {
  if (!known || known.cut) return known;
  const last = known.events.at(-1);
  if (last && last.seq >= event.seq) return known;
  return { events: [...known.events, event], cut: known.events.length + 1 >= MOST };
}
