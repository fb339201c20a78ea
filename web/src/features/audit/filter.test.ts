import { expect, it } from "vitest";
import { fileOf, filterOf, toLocal, toMoment } from "./filter";

it("takes of an address what it knows, and nothing else", () => {
  expect(filterOf({ who: " person:ada ", outcome: "failed", x: "y", run: 7, what: "" })).toEqual({ who: "person:ada", outcome: "failed" });
  expect(filterOf({ outcome: "perhaps" })).toEqual({});
});

it("keeps a moment on its way through a form", () => {
  const iso = "2026-11-22T07:30:00.000Z";
  expect(toMoment(toLocal(iso))).toBe(iso);
  expect(toMoment("")).toBeUndefined();
  expect(toMoment("soon")).toBeUndefined();
  expect(toLocal("soon")).toBe("");
});

it("names the file of what is shown, and quotes what must be quoted", () => {
  expect(fileOf({ what: "run_*,merged", who: "person:a b" }, "csv")).toBe("/api/audit/export?what=run_*%2Cmerged&who=person%3Aa+b&form=csv");
});
