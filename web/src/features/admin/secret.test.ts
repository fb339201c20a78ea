import { expect, it } from "vitest";
import { EMPTY_SECRET, hostsOf, secretOf, wrongOf } from "./secret";

const now = Date.parse("2026-11-22T09:00:00Z");
const form = { ...EMPTY_SECRET, name: "registry", hosts: "npm.example.org" };

it("takes a secret for all projects, and one of a project with all that it can say", () => {
  expect(secretOf(form, now)).toEqual({ name: "registry", hosts: ["npm.example.org"], placement: "bearer" });
  expect(
    secretOf({ ...form, project: " shop ", hosts: "A.example.org, b.example.org\nb.example.org", as: "header", header: "X-Api-Key", kept: "elsewhere", reference: "env:TOKEN", expires: "2030-01-31T10:00" }, now),
  ).toEqual({
    name: "registry",
    project: "shop",
    hosts: ["a.example.org", "b.example.org"],
    placement: "header:X-Api-Key",
    reference: "env:TOKEN",
    expires: new Date("2030-01-31T10:00").toISOString(),
  });
});

it("says what is wrong, and takes nothing while something is", () => {
  const wrong = { ...form, name: "Bad name", hosts: "x.com:80", kept: "elsewhere", reference: "somewhere", expires: "2020-01-01T00:00" } as const;
  expect(Object.keys(wrongOf(wrong, now)).sort()).toEqual(["expires", "hosts", "name", "reference"]);
  expect(secretOf(wrong, now)).toBeUndefined();
  for (const hosts of ["*.example.org", "10.0.0.1", "-a.org", "a b_c"]) expect(wrongOf({ ...form, hosts }, now).hosts).toBeDefined();
  expect(wrongOf(EMPTY_SECRET, now)).toEqual({});
  expect(secretOf({ ...form, hosts: "" }, now)).toBeUndefined();
  expect(secretOf({ ...form, as: "header" }, now)).toBeUndefined();
  expect(hostsOf(Array.from({ length: 17 }, (_, at) => `h${at}.org`).join(" "))).toHaveLength(17);
});
