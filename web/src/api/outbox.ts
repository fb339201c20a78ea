import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { answer, question } from "./approvals";
import type { HumanResponse } from "./generated/api";
import { Problem, problemOf } from "./problem";

/**
 * Answers that were given while the server was away. They are kept on this device and sent when it is back. The server
 * takes the same answer of the same person for one, so that an answer whose reply was lost does no harm when it is sent again.
 */
const KEY = "swarm.outbox";
/** A device that was offline for long may hold this many. */
const MOST = 100;

export interface Unsent {
  readonly id: string;
  readonly response: HumanResponse;
  readonly at: string;
  /** What the server said to it, where it did not take it. */
  readonly refused?: { readonly code: string; readonly detail: string; readonly next: string };
}

const listeners = new Set<() => void>();
let known: readonly Unsent[] | undefined;

function all(): readonly Unsent[] {
  if (known) return known;
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    known = Array.isArray(kept) ? (kept as Unsent[]) : [];
  } catch {
    known = [];
  }
  return known;
}

function set(unsent: readonly Unsent[]) {
  known = unsent;
  localStorage.setItem(KEY, JSON.stringify(unsent));
  for (const listener of listeners) listener();
}

export function keep(id: string, response: HumanResponse): void {
  keepAll([id], response);
}

/** Keeps the same answer to several questions: all of them, or none where there is no room. */
export function keepAll(ids: readonly string[], response: HumanResponse): void {
  const others = all().filter(({ id }) => !ids.includes(id));
  if (others.length + ids.length > MOST) {
    const detail = others.length >= MOST ? `${MOST} answers wait on this device already` : `this device keeps ${MOST} answers, and ${others.length} wait already`;
    throw new Problem({ status: 0, code: "web.outbox", detail, next: "go online first" });
  }
  const at = new Date().toISOString();
  set([...others, ...ids.map((id) => ({ id, response, at }))]);
}

/** Takes an answer back before it was sent, or a refusal away that was read. */
export function drop(id: string): void {
  set(all().filter((one) => one.id !== id));
}

let sending: Promise<void> | undefined;

/** Sends what waits, one after the other, once at a time. */
export function send(queries: QueryClient): Promise<void> {
  sending ??= deliver(queries).finally(() => {
    sending = undefined;
  });
  return sending;
}

async function deliver(queries: QueryClient) {
  for (const { id, response, at, refused } of all()) {
    if (refused) continue;
    try {
      queries.setQueryData(question(id).queryKey, await answer(id, response));
      drop(id);
    } catch (thrown) {
      const { isAway, status, code, message, next } = problemOf(thrown);
      if (isAway || status === 401) return;
      const others = all().filter((one) => one.id !== id);
      set([...others, { id, response, at, refused: { code, detail: message, next } }]);
    }
    await queries.invalidateQueries({ queryKey: ["approvals"] });
  }
}

export function useOutbox(): readonly Unsent[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    all,
    all,
  );
}

/** Takes every answer back: who signs in next is somebody else. */
export function clear(): void {
  set([]);
}

/** For tests, which begin with what is kept. */
export function forget(): void {
  known = undefined;
}
