/** What a command said, as people read it: where the log keeps both of its streams, the one and then the other. */
export function output(kept: string): string {
  if (!kept.startsWith("{")) return kept;
  try {
    const { stdout, stderr, dropped_bytes: dropped } = JSON.parse(kept) as { stdout?: unknown; stderr?: unknown; dropped_bytes?: unknown };
    if (typeof stdout !== "string" || typeof stderr !== "string") return kept;
    const cut = typeof dropped === "number" && dropped > 0 ? `(${dropped} bytes were left out)\n` : "";
    return cut + stdout + stderr;
  } catch {
    return kept;
  }
}
