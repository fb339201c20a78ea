import { expect, it } from "vitest";
import type { AgentFile } from "~/api/generated/api";
import { abilities, didOf, faultWords, found, shortVersion } from "./agentFile";
import { agentsLookOf } from "./look";

const agent = (name: string, more: Partial<AgentFile> = {}): AgentFile => ({
  name,
  description: "",
  can: ["code"],
  tools: ["read", "run"],
  models: [],
  rules: [],
  file: `build/${name}.md`,
  built_in: true,
  version: "0123456789abcdef",
  ...more,
});

const all = [agent("coder", { description: "Writes the code of a ticket." }), agent("planner", { can: ["plan"], tools: [] }), agent("payer", { built_in: false, file: "payer.md", models: ["openai/gpt-5-mini"] })];
const names = (look: Record<string, unknown>) => found(all, agentsLookOf(look)).map(({ name }) => name);

it("finds agents by every word, by whose they are and by what they can", () => {
  expect(names({})).toEqual(["coder", "planner", "payer"]);
  expect(names({ text: "code TICKET" })).toEqual(["coder"]);
  expect(names({ text: "gpt-5" })).toEqual(["payer"]);
  expect(names({ whose: "yours" })).toEqual(["payer"]);
  expect(names({ whose: "built_in", can: "plan" })).toEqual(["planner"]);
  expect(names({ text: "run", whose: "yours", can: "plan" })).toEqual([]);
});

it("takes out of an address what it knows", () => {
  expect(agentsLookOf({ text: " ", whose: "theirs", can: 4 })).toEqual({});
  expect(agentsLookOf({ text: "code", whose: "yours", can: "plan", more: "" })).toEqual({ text: "code", whose: "yours", can: "plan" });
});

it("names all that some agent can, once", () => {
  expect(abilities(all)).toEqual(["code", "plan"]);
});

it("begins a sentence with no path", () => {
  expect(faultWords("agents/broken.md:3: unknown key")).toBe("in agents/broken.md:3: unknown key");
  expect(faultWords("agents extend each other in a circle: a -> b -> a")).toBe("agents extend each other in a circle: a -> b -> a");
});

it("adds up what an agent did with every model", () => {
  const arm = (agent: string, model: string, attempts: number, accepted: number) =>
    ({ arm: { agent, model }, attempts, accepted, millis: 0, spend: { usd: 0, tokens_in: 0, tokens_out: 0, calls: 0 } }) as never;
  const arms = [arm("coder", "a/b", 3, 2), arm("coder", "a/c", 4, 1), arm("fixer", "a/b", 9, 9)];
  expect(didOf(arms, "coder")).toEqual({ attempts: 7, accepted: 3 });
  expect(didOf(arms, "nobody")).toEqual({ attempts: 0, accepted: 0 });
  expect(shortVersion("0123456789abcdef")).toBe("0123456789");
});
