import { dehydrate, type DehydratedState, hydrate, type QueryClient } from "@tanstack/react-query";
import { createStore, del, get, update } from "idb-keyval";
import { me } from "./session";

/**
 * What was last known, kept on this device for when the server is away: the work and what waits for an answer. What opens
 * doors is not among it: no keys, secrets, sessions, links, accounts or records. It is read only where the server cannot be
 * reached, and gone with the session.
 */
const TOPICS: readonly unknown[] = ["me", "projects", "specs", "plans", "runs", "run", "ticket", "approvals", "approval", "alerts", "figures", "budgets"];
/** The newest answers that are kept; a run of a thousand tickets is some of them. */
const MOST = 400;
/** Older than this, in milliseconds, it helps nobody. */
const LONGEST = 7 * 86_400_000;
/** What changes in a burst is written once, so long after it began; in milliseconds. */
const TOGETHER = 700;
const KEY = "known";

interface Kept {
  /** Whose it is. */
  readonly person: string;
  readonly at: number;
  readonly state: DehydratedState;
}

const store = () => createStore("swarm", "kept");

/** Keeps what the server says from now on. Ends with what comes back. */
export function keep(queries: QueryClient): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    timer = undefined;
    const person = queries.getQueryData(me.queryKey)?.person;
    if (person) void update<Kept>(KEY, (before) => keptOf(queries, person, Date.now(), before), store()).catch(() => undefined);
  };
  const end = queries.getQueryCache().subscribe(({ type }) => {
    if (type === "updated" || type === "added") timer ??= setTimeout(write, TOGETHER);
  });
  return () => {
    clearTimeout(timer);
    end();
  };
}

/** What is kept now, with what this page did not ask for and another one did before. */
export function keptOf(queries: QueryClient, person: string, now: number, before?: Kept): Kept {
  const { queries: read } = dehydrate(queries, {
    shouldDehydrateQuery: ({ queryKey, state }) => state.data !== undefined && TOPICS.includes(queryKey[0]),
    shouldDehydrateMutation: () => false,
  });
  const all = new Map((before?.person === person ? before.state.queries : []).map((query) => [query.queryHash, query]));
  for (const query of read) all.set(query.queryHash, calm(query));
  const newest = [...all.values()].filter(({ state }) => now - state.dataUpdatedAt < LONGEST).sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt);
  return { person, at: now, state: { mutations: [], queries: newest.slice(0, MOST) } };
}

type Dehydrated = DehydratedState["queries"][number];

/** An answer without what failed since, and without what was being asked. */
function calm({ queryKey, queryHash, dehydratedAt, state }: Dehydrated): Dehydrated {
  return { queryKey, queryHash, dehydratedAt, state: { ...state, status: "success", fetchStatus: "idle", error: null, fetchFailureCount: 0, fetchFailureReason: null } };
}

/** Since when what is on the screen is what was kept, and no answer of the server. */
let since: number | undefined;

/** Puts back what was kept. Says whether there was anything. */
export async function restore(queries: QueryClient): Promise<boolean> {
  const kept = await get<Kept>(KEY, store()).catch(() => undefined);
  if (!kept || Date.now() - kept.at > LONGEST) return false;
  hydrate(queries, kept.state);
  since = kept.at;
  return queries.getQueryData(me.queryKey) !== undefined;
}

/** When what is shown was kept, where it was. */
export function keptAt(): number | undefined {
  return since;
}

/** The server answered: what is shown is its word again. */
export function fresh(): void {
  since = undefined;
}

/** Nothing of it is left on this device. */
export async function forget(): Promise<void> {
  since = undefined;
  await del(KEY, store()).catch(() => undefined);
}
