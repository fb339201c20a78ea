import { expect, it } from "vitest";
import { nothing, pressed } from "./keys";

it("goes where the letter after G says, if it comes soon", () => {
  const begun = pressed(nothing, "g", 1_000);
  expect(begun.go).toBeUndefined();
  expect(pressed(begun.sequence, "a", 1_500)).toEqual({ sequence: nothing, go: "a" });
  expect(pressed(begun.sequence, "a", 9_000)).toEqual({ sequence: nothing });
  expect(pressed(nothing, "a", 1_000)).toEqual({ sequence: nothing });
});

it("begins anew with a G that comes late", () => {
  const late = pressed(pressed(nothing, "g", 0).sequence, "g", 9_000);
  expect(late.go).toBeUndefined();
  expect(pressed(late.sequence, "h", 9_100).go).toBe("h");
});
