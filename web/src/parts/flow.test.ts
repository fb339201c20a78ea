import { expect, it } from "vitest";
import { paragraphs, pieces } from "./flow";

it("lets lines flow that an editor broke, and keeps paragraphs", () => {
  expect(paragraphs("One\ntwo\n\n\nthree  \n  four\n")).toEqual(["One two", "three four"]);
});

it("keeps the lines of lists, tables and code", () => {
  expect(paragraphs("See:\n- a\n  more\n- b\n1. c")).toEqual(["See:\n- a more\n- b\n1. c"]);
  expect(paragraphs("| a |\n| b |")).toEqual(["| a |\n| b |"]);
  expect(paragraphs("```py\nx = 1\n\ny = 2\n```\nafter\nit")).toEqual(["```py\nx = 1\n\ny = 2\n```\nafter it"]);
});

it("tells code from words, and leaves a backtick alone that has no other", () => {
  expect(pieces("`a` is `b c`.")).toEqual([
    { text: "a", code: true },
    { text: " is ", code: false },
    { text: "b c", code: true },
    { text: ".", code: false },
  ]);
  expect(pieces("a ` b")).toEqual([{ text: "a ` b", code: false }]);
});
