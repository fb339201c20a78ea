import { expect, it } from "vitest";
import { characters, composed, withRemark } from "./remarks";

const at = (path: string, line: number, words: string, removed = false) => ({ path, line, removed, words });

it("puts one remark on a line, in the order of the change", () => {
  const two = withRemark(withRemark([], at("b.py", 2, "Why?")), at("a.py", 9, " Too long. "));
  expect(two.map(({ path, words }) => [path, words])).toEqual([
    ["a.py", "Too long."],
    ["b.py", "Why?"],
  ]);
  expect(withRemark(two, at("b.py", 2, "Because."))).toHaveLength(2);
  expect(withRemark(two, at("b.py", 2, "Keep it", true))).toHaveLength(3);
  expect(withRemark(two, at("b.py", 2, "  "))).toHaveLength(1);
});

it("says to the agent where each belongs", () => {
  const all = [at("a.py", 9, "Too long."), at("b.py", 2, "Keep it", true)];
  expect(composed(all)).toBe("a.py:9: Too long.\nb.py:2 (taken away): Keep it");
  expect(composed(all.slice(0, 1), " Nearly. ")).toBe("Nearly.\n\na.py:9: Too long.");
  expect(composed([], "No.")).toBe("No.");
});

it("counts as the server does", () => {
  expect(characters("a🐝")).toBe(2);
});
