import { expect, it } from "vitest";
import { givable } from "./roles";

it("offers no role that has more than one's own", () => {
  expect(givable("owner")).toContain("owner");
  expect(givable("admin")).not.toContain("owner");
  expect(givable("admin")).toContain("admin");
  for (const role of ["maintainer", "reviewer", "viewer", "agent"] as const) expect(givable(role)).toEqual([]);
});
