import { expect, it } from "vitest";
import { joined, lineOf } from "./line";

it("goes about in the work folder, and not out of it", () => {
  expect([joined("", "src"), joined("src", "a/../b"), joined("src/a", ".."), joined("src", ""), joined("src", "/work/x")]).toEqual(["src", "src/b", "src", "", "x"]);
  expect([joined("", ".."), joined("src", "../.."), joined("", "/etc"), joined("", "/workers")]).toEqual([undefined, undefined, undefined, undefined]);
});

it("knows what is for the shell and what is not", () => {
  expect(lineOf("  ", "")).toEqual({ kind: "nothing" });
  expect(lineOf("exit", "")).toEqual({ kind: "leave" });
  expect(lineOf("cd src", "a")).toEqual({ kind: "enter", cwd: "a/src" });
  expect(lineOf("cd a && ls", "")).toEqual({ kind: "run", command: "cd a && ls" });
});
