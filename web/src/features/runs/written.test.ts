import { expect, it } from "vitest";
import { madeBy } from "./written";

const write = (path: string, content: string, before: string | null) =>
  `write ${JSON.stringify({ content, path })}\n${JSON.stringify({ ok: true, about: { kind: "wrote", path, before } })}`;

it("shows the files that an attempt made, as it left them", () => {
  const diff = madeBy([write("a.py", "one\n", null), write("b.py", "two\n", null), write("a.py", "one\nmore\n", "58c6")]);
  expect(diff).toContain("+++ b/a.py\n@@ -0,0 +1,2 @@\n+one\n+more\n");
  expect(diff).toContain("+++ b/b.py\n@@ -0,0 +1,1 @@\n+two\n");
});

it("says nothing of what it cannot know", () => {
  expect(madeBy([])).toBeUndefined();
  expect(madeBy([write("a.py", "one", "58c6")])).toBeUndefined();
  expect(madeBy([write("a.py\n+++ b/x", "one", null)])).toBeUndefined();
  expect(madeBy(["write {not json\n{}"])).toBeUndefined();
  expect(madeBy(["edit {}\n{}"])).toBeUndefined();
});
