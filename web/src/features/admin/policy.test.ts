import { expect, it } from "vitest";
import type { PolicyList } from "~/api/generated/api";
import { aboutOf, actionsOf, explainCommand, grantsOf, scopesOf } from "./policy";
import { questionOf } from "./question";

const SCHEMA = `namespace Swarm {
    action read, write, decide;
    action open, known;
    action "tools:look", "tools:run" in [tools];
    action "work:read" in ["read"] appliesTo { principal: [User, Operator, Key], resource: [Tenant], context: Asked };
    action "runs:write" in ["write"] appliesTo { principal: [User, Operator, Key], resource: [Tenant], context: Asked };
    action "gate:answer" in ["gates:approve"] appliesTo { principal: [User, Operator, Key], resource: [Gate], context: Answer };
    action "POST /api/runs/{run}/cancel" in ["runs:write"] appliesTo { principal: [User], resource: [Run], context: Asked };
    action "POST /api/runs" in ["runs:write"] appliesTo { principal: [User], resource: [Tenant, Project], context: Asked };
}
`;
const permit = (id: string, text: string, effect = "permit") => ({ id, file: `${id}.cedar`, line: 1, effect, text });
const LIST: PolicyList = {
  schema: SCHEMA,
  items: [
    {
      name: "all.cedar",
      built_in: true,
      policies: [
        permit("viewer", 'permit (\n    principal in Swarm::Role::"viewer",\n    action in [Swarm::Action::"work:read"],\n    resource\n);'),
        permit("owner", 'permit (principal in Swarm::Role::"owner", action in [Swarm::Action::"read", Swarm::Action::"write"], resource);'),
        permit("all", 'permit (principal in Swarm::Role::"admin", action, resource);'),
        permit("stop", 'permit (principal in Swarm::Role::"viewer", action == Swarm::Action::"POST /api/runs/{run}/cancel", resource);'),
        permit("shop", 'permit (principal in Swarm::Role::"agent", action, resource in Swarm::Project::"shop");'),
        permit("no", 'forbid (principal in Swarm::Role::"owner", action, resource);', "forbid"),
      ],
    },
  ],
};

it("reads what can be done out of the schema", () => {
  const actions = actionsOf(SCHEMA);
  expect(actions.map(({ name }) => name).slice(0, 7)).toEqual(["read", "write", "decide", "open", "known", "tools:look", "tools:run"]);
  expect(scopesOf(actions)).toEqual(["work:read", "runs:write"]);
  expect(actions.at(-1)).toEqual({ name: "POST /api/runs", within: ["runs:write"], on: ["Tenant", "Project"] });
});

it("says what each role is permitted, and what only in part", () => {
  const { of, besides } = grantsOf(LIST);
  expect([...of].map(([role, scopes]) => [role, [...scopes]])).toEqual([
    ["viewer", ["work:read"]],
    ["owner", ["work:read", "runs:write"]],
    ["admin", ["work:read", "runs:write"]],
  ]);
  expect(besides.map(({ role, what, policy }) => [role, what, policy.id])).toEqual([
    ["viewer", "POST /api/runs/{run}/cancel", "stop"],
    ["agent", "something, under conditions", "shop"],
  ]);
});

it("asks for what an action is about, and for nothing where it is about no single thing", () => {
  const actions = actionsOf(SCHEMA);
  expect(aboutOf(actions, "POST /api/runs/{run}/cancel")?.[1]).toBe("run_…");
  expect(aboutOf(actions, "gate:answer")?.[1]).toBe("int_…");
  expect(aboutOf(actions, "tool:run")?.[0]).toBe("The line that it would run");
  expect(aboutOf(actions, "POST /api/runs")).toBeUndefined();
  expect(aboutOf(actions, "unknown")).toBeUndefined();
});

it("keeps a question in the address, and writes it for the command line", () => {
  expect(questionOf({ who: " ada@example.org ", action: "runs:write", about: "", file: 3 })).toEqual({ who: "ada@example.org", action: "runs:write" });
  expect(explainCommand({ who: "operator", action: "POST /api/runs/{run}/cancel", about: "run_1" })).toBe("swarm auth explain operator 'POST /api/runs/{run}/cancel' run_1");
});
