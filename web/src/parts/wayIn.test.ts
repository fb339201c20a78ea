import { expect, it } from "vitest";
import { beside, doneOf, stepOf } from "./wayIn";

it("takes from an address the steps that there are", () => {
  expect(stepOf({ step: "model" })).toEqual({ step: "model" });
  expect([stepOf({}), stepOf({ step: "money" }), stepOf({ step: 2 })]).toEqual([{}, {}, {}]);
});

it("goes from step to step, and ends", () => {
  expect(beside("account")).toEqual({ before: undefined, after: "model" });
  expect(beside("repository")).toEqual({ before: "model", after: "demo" });
  expect(beside("demo")).toEqual({ before: "repository", after: undefined });
});

it("counts as done what is there, whoever did it", () => {
  expect([...doneOf({ models: undefined, projects: undefined, runs: undefined })]).toEqual(["account"]);
  expect([...doneOf({ models: 0, projects: 2, runs: 0 })]).toEqual(["account", "repository"]);
  expect([...doneOf({ models: 1, projects: 1, runs: 1 })]).toEqual(["account", "model", "repository", "demo"]);
});
