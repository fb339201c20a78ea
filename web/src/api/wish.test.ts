import { expect, it } from "vitest";
import { missing, missingOfProject, nameOf } from "./wish";

it("says what is missing before anything is sent", () => {
  expect(missing({ project: "shop", repo: undefined, text: "# Shop" })).toEqual({});
  expect(Object.keys(missing({ project: "", repo: "src/app", text: " \n" }))).toEqual(["project", "repo", "text"]);
  expect(missing({ project: "../x", repo: "/srv/x", text: "x" })).toHaveProperty("project");
});

it("says the same of a project alone", () => {
  expect(missingOfProject({ project: "shop", repo: "/srv/shop" })).toEqual({});
  expect(Object.keys(missingOfProject({ project: "", repo: "shop" }))).toEqual(["project", "repo"]);
});

it("calls a project as its folder is called, as far as a name may", () => {
  expect(["/home/you/src/app", "/srv/My Shop/", "/srv/.dotted", "/srv/app.git", "", "/"].map(nameOf)).toEqual(["app", "My-Shop", "dotted", "app", "", ""]);
  expect(nameOf(`/srv/${"long".repeat(30)}`)).toHaveLength(64);
});
