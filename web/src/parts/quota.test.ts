import { expect, it } from "vitest";
import { liftCommand, quotaOf, setCommand } from "./quota";

const form = { scope: "project:shop", usd: "", tokens: "", runs: "", per: "month" } as const;

it("makes of a form what the command line would make of its words", () => {
  const quota = quotaOf({ ...form, usd: "20.5", runs: "2", per: "day" });
  expect(quota).toEqual({ scope: "project:shop", usd: 20_500_000, runs: 2, per: "day" });
  expect(quota && setCommand(quota)).toBe("swarm budget set project:shop --usd 20.5 --runs 2 --per day");
  expect(setCommand({ scope: "tenant", tokens: 5_000_000, per: "month" })).toBe("swarm budget set tenant --tokens 5000000");
});

it("takes nothing that limits nothing, and no figure that is none", () => {
  expect(quotaOf(form)).toBeUndefined();
  expect(quotaOf({ ...form, usd: "much" })).toBeUndefined();
  expect(quotaOf({ ...form, usd: "1", tokens: "1.5" })).toBeUndefined();
  expect(quotaOf({ ...form, scope: "agent:", usd: "1" })).toBeUndefined();
});

it("writes a name so that a shell takes it for one word", () => {
  expect(liftCommand("agent:it's")).toBe("swarm budget lift 'agent:it'\\''s'");
});
