import { expect, it } from "vitest";
import { heard, pace, shareOf, together } from "./pace";

it("takes the smallest share of all that are counted", () => {
  const policy = '"user";q=300;w=180, "tenant";q=1000;w=60';
  expect(shareOf(policy, '"user";r=297;t=2, "tenant";r=988;t=1')).toBeCloseTo(0.988);
  expect(shareOf(policy, '"user";r=0;t=2, "tenant";r=988;t=1')).toBe(0);
});

it("knows nothing of what says nothing", () => {
  for (const [policy, left] of [["", ""], ['"user";q=300', ""], ["", '"user";r=3'], ['"user";q=0', '"user";r=0'], ['"user";q=x', '"user";r=1'], ['"a";q=3', '"b";r=1'], [";;;,,=", "q=r=;,"]] as const) {
    expect(shareOf(policy, left)).toBeUndefined();
  }
});

it("spares nothing while there is plenty, and more the less is left", () => {
  expect(pace(1)).toBe(300);
  expect(pace(0.7)).toBe(300);
  expect(pace(0.45)).toBe(3_150);
  expect(pace(0.2)).toBe(6_000);
  expect(pace(0)).toBe(6_000);
});

it("goes by the last response that said something", () => {
  heard(new Headers({ "ratelimit-policy": '"user";q=300;w=180', ratelimit: '"user";r=30;t=1' }));
  heard(new Headers());
  expect(together()).toBe(6_000);
  heard(new Headers({ "ratelimit-policy": '"user";q=300;w=180', ratelimit: '"user";r=300;t=1' }));
  expect(together()).toBe(300);
});
