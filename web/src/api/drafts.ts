import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { me } from "./session";

/**
 * What somebody wrote and did not send yet: a spec, remarks on a change. It is kept on this device under their name, so that it
 * is there after a reload, and goes when they sign out. Where the device keeps nothing, it is there until the page is left.
 */
const PREFIX = "swarm.draft:";

export interface Draft<T> {
  readonly value: T;
  /** When it was written last. */
  readonly at: string;
}

const listeners = new Set<() => void>();
/** What a device did not keep, for it is full or keeps nothing. */
const unkept = new Map<string, string>();

function tell() {
  for (const listener of listeners) listener();
}

function read(key: string): string | null {
  return unkept.get(key) ?? localStorage.getItem(key);
}

export function write(key: string, value: unknown, at: string): void {
  const text = JSON.stringify({ value, at });
  try {
    localStorage.setItem(key, text);
    unkept.delete(key);
  } catch {
    unkept.set(key, text);
  }
  tell();
}

export function drop(key: string): void {
  unkept.delete(key);
  localStorage.removeItem(key);
  tell();
}

/** What is kept under a key; nothing where something else stands there. */
export function parsed<T>(text: string | null): Draft<T> | undefined {
  try {
    const known: unknown = JSON.parse(text ?? "null");
    return typeof known === "object" && known !== null && "value" in known && "at" in known ? (known as Draft<T>) : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing that was not sent is left on this device, whoever wrote it. */
export function clear(): void {
  unkept.clear();
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  tell();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}

/** A draft of who is signed in, and what puts another in its place; nothing takes it away. */
export function useDraft<T>(name: string): [Draft<T> | undefined, (value: T | undefined) => void, boolean] {
  const { data: who } = useQuery(me);
  const key = `${PREFIX}${who?.person ?? ""}:${name}`;
  const text = useSyncExternalStore(
    subscribe,
    () => read(key),
    () => null,
  );
  const draft = useMemo(() => parsed<T>(text), [text]);
  const set = useCallback((value: T | undefined) => (value === undefined ? drop(key) : write(key, value, new Date().toISOString())), [key]);
  return [draft, set, !unkept.has(key)];
}
