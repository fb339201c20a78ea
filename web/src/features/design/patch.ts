import { createTwoFilesPatch } from "diff";

/** The longest that two texts are compared, in milliseconds: of more than a page of changes nobody reads the lines. */
const LONGEST = 3_000;

/** What differs between two texts, as git would say it; nothing where it would take too long. */
export function patch(before: string, after: string): string | undefined {
  const found = createTwoFilesPatch("a/spec.md", "b/spec.md", before, after, undefined, undefined, { context: 3, timeout: LONGEST });
  return found === undefined ? undefined : `diff --git a/spec.md b/spec.md\n${found.slice(found.indexOf("--- "))}`;
}
