import { useMemo } from "react";
import { Diff } from "~/parts/Diff";
import { Nothing } from "~/parts/Nothing";
import { patch } from "./patch";

/** What differs between two texts, line by line. */
export function TextDiff({ before, after }: { before: string; after: string }) {
  const text = useMemo(() => patch(before, after), [before, after]);
  if (before === after) return <Nothing title="No line is different" />;
  if (text === undefined) return <Nothing title="Too much is different to show it line by line" />;
  return <Diff text={text} />;
}
