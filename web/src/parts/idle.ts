/** Does what nobody waits for when the browser has nothing else to do, at the latest after so many milliseconds. Gives what calls it off. */
export function whenIdle(act: () => void, within = 1_500): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(act, 200);
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(act, { timeout: within });
  return () => cancelIdleCallback(asked);
}
