import { expect, it } from "vitest";
import { missing } from "./wish";

it("says what is missing before anything is sent", () => {
  expect(missing({ project: "shop", repo: undefined, text: "# Shop" })).toEqual({});
  expect(Object.keys(missing({ project: "", repo: "src/app", text: " \n" }))).toEqual(["project", "repo", "text"]);
  expect(missing({ project: "../x", repo: "/srv/x", text: "x" })).toHaveProperty("project");
});
