import type { SpecSummary } from "~/api/generated/api";

/** The text that each version of a line goes back to. */
function rootOf(all: ReadonlyMap<string, SpecSummary>, id: string): string {
  const seen = new Set<string>();
  let at = id;
  for (;;) {
    const before = all.get(at)?.previous;
    if (!before || !all.has(before) || seen.has(at)) return at;
    seen.add(at);
    at = before;
  }
}

const byId = (items: readonly SpecSummary[]) => new Map(items.map((item) => [item.id, item]));
const newestFirst = (a: SpecSummary, b: SpecSummary) => b.added_at.localeCompare(a.added_at) || b.version - a.version;

/** The versions of one spec, the newest first: all that came of the same first text. */
export function versionsOf(items: readonly SpecSummary[], id: string): SpecSummary[] {
  const all = byId(items);
  const root = rootOf(all, id);
  return items.filter((item) => rootOf(all, item.id) === root).sort(newestFirst);
}

/** Of each spec its newest version, and how many there are. */
export function newest(items: readonly SpecSummary[]): { spec: SpecSummary; versions: number }[] {
  const all = byId(items);
  const lines = new Map<string, SpecSummary[]>();
  for (const item of items) {
    const root = rootOf(all, item.id);
    lines.set(root, [...(lines.get(root) ?? []), item]);
  }
  return [...lines.values()]
    .flatMap((line) => {
      const [spec] = line.sort(newestFirst);
      return spec ? [{ spec, versions: line.length }] : [];
    })
    .sort((a, b) => newestFirst(a.spec, b.spec));
}
