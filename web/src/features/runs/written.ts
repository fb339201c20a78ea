/** What an agent wrote, out of the texts of its steps: the change of an attempt that only made new files. Pure. */

/** The diff of the files that an attempt made, from its writes in their order; nothing where it changed files that were there. */
export function madeBy(writes: readonly string[]): string | undefined {
  const made = new Map<string, string>();
  for (const text of writes) {
    const written = read(text);
    if (!written || (!written.isNew && !made.has(written.path))) return undefined;
    made.set(written.path, written.content);
  }
  if (made.size === 0) return undefined;
  return [...made].map(([path, content]) => added(path, content)).join("");
}

/** A step says `write`, its arguments, and on the last line what came of it. */
function read(text: string): { path: string; content: string; isNew: boolean } | undefined {
  const end = text.lastIndexOf("\n");
  if (!text.startsWith("write {") || end < 0) return undefined;
  try {
    const { path, content } = JSON.parse(text.slice("write ".length, end)) as Record<string, unknown>;
    const { about } = JSON.parse(text.slice(end + 1)) as { about?: { kind?: unknown; before?: unknown } };
    if (typeof path !== "string" || typeof content !== "string" || about?.kind !== "wrote" || /\p{Cc}/u.test(path)) return undefined;
    return { path, content, isNew: about.before === null };
  } catch {
    return undefined;
  }
}

function added(path: string, content: string): string {
  const lines = content.replace(/\n$/, "").split("\n");
  const body = content === "" ? "" : `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join("")}`;
  return `diff --git a/${path} b/${path}\nnew file mode 100644\n${body}`;
}
