/** A line that somebody typed into a sandbox: it goes into a folder, leaves, or is run. The same as `swarm vm shell` has it. */
export type Line = { kind: "nothing" } | { kind: "leave" } | { kind: "enter"; cwd: string | undefined } | { kind: "run"; command: string };

export function lineOf(text: string, cwd: string): Line {
  const line = text.trim();
  if (line === "") return { kind: "nothing" };
  if (line === "exit" || line === "logout") return { kind: "leave" };
  const [word, folder = "", ...more] = line.split(/\s+/);
  if (word === "cd" && more.length === 0) return { kind: "enter", cwd: joined(cwd, folder) };
  return { kind: "run", command: text };
}

/** The folder that a path leads to from another, both below the work folder; nothing where it leads out of it. */
export function joined(from: string, path: string): string | undefined {
  if (path.startsWith("/") && !/^\/work(\/|$)/.test(path)) return undefined;
  const isWhole = path === "" || path === "~" || path.startsWith("/");
  const parts: string[] = [];
  for (const part of [...(isWhole ? [] : from.split("/")), ...path.replace(/^(\/work|~$)/, "").split("/")]) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
