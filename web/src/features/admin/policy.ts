import type { PolicyList, PolicyText, Role } from "~/api/generated/api";
import { quoted } from "~/parts/quota";
import type { Question } from "./question";

/** Policies as people read them. Pure: only what the server gave is looked at, and what cannot be read is said to be so. */

/** Something that can be done, as the schema has it. */
export interface Action {
  readonly name: string;
  /** The groups that it belongs to. */
  readonly within: readonly string[];
  /** What it can be asked about. */
  readonly on: readonly string[];
}

const ACTION = /^\s*action (.+?)(?: in \[([^\]]*)\])?(?: appliesTo \{ principal: \[[^\]]*\], resource: \[([^\]]*)\].*\})?;$/gm;

const listed = (text: string | undefined) => (text ? text.split(/,\s*/).map((name) => name.replaceAll('"', "")) : []);

/** All that can be done, in the order of the schema. */
export function actionsOf(schema: string): Action[] {
  return [...schema.matchAll(ACTION)].flatMap(([, names, within, on]) =>
    listed(names).map((name) => ({ name, within: listed(within), on: listed(on) })),
  );
}

/** The scopes among them: what a key is given, and each route asks for one of. */
export function scopesOf(actions: readonly Action[]): string[] {
  return actions.filter(({ name, on }) => /^[a-z]+:[a-z]+$/.test(name) && on.length === 1 && on[0] === "Tenant").map(({ name }) => name);
}

/** Its own name, and every group that it is in. */
function groupsOf(actions: readonly Action[], name: string): Set<string> {
  const all = new Set([name]);
  // A set goes on with what is added while it is walked.
  for (const one of all) for (const group of actions.find((action) => action.name === one)?.within ?? []) all.add(group);
  return all;
}

export interface Grants {
  readonly scopes: readonly string[];
  /** What each role is permitted whatever it is about. */
  readonly of: ReadonlyMap<Role, ReadonlySet<string>>;
  /** What a role is permitted besides: single operations, or something that has conditions. */
  readonly besides: readonly { readonly role: string; readonly what: string; readonly policy: PolicyText }[];
}

/** What the permits say of each role. What is forbidden besides stands in the files. */
export function grantsOf({ items, schema }: PolicyList): Grants {
  const actions = actionsOf(schema);
  const scopes = scopesOf(actions);
  const of = new Map<Role, Set<string>>();
  const besides: { role: string; what: string; policy: PolicyText }[] = [];
  for (const policy of items.flatMap(({ policies }) => policies)) {
    const role = /principal in Swarm::Role::"(\w+)"/.exec(policy.text)?.[1];
    if (policy.effect !== "permit" || !role) continue;
    if (!/,\s*resource\s*\)\s*;\s*$/.test(policy.text)) {
      besides.push({ role, what: "something, under conditions", policy });
      continue;
    }
    const named = [...policy.text.matchAll(/Swarm::Action::"((?:[^"\\]|\\.)*)"/g)].map(([, name]) => name ?? "");
    const given = named.length === 0 ? scopes : scopes.filter((scope) => named.some((name) => groupsOf(actions, scope).has(name)));
    of.set(role as Role, new Set([...(of.get(role as Role) ?? []), ...given]));
    for (const what of named) {
      if (!scopes.some((scope) => groupsOf(actions, scope).has(what))) besides.push({ role, what, policy });
    }
  }
  return { scopes, of, besides };
}

/** What is to be named for an action, and how it looks. */
const ABOUT: Record<string, readonly [what: string, example: string]> = {
  Run: ["The id of the run", "run_…"],
  Ticket: ["The run and the ticket", "run_…/T-1"],
  Gate: ["The id of the question", "int_…"],
  Spec: ["The id of the spec", "spec_…"],
  Plan: ["The id of the plan", "plan_…"],
};

/** What an action is about, in words; nothing where it is about no single thing. */
export function aboutOf(actions: readonly Action[], name: string): readonly [what: string, example: string] | undefined {
  if (name === "tool:run") return ["The line that it would run", "npm test"];
  if (name.startsWith("tool:")) return ["The file that it is about", "migrations/1.sql"];
  const on = actions.find((action) => action.name === name)?.on[0];
  if (on === undefined || on === "Tenant") return undefined;
  return ABOUT[on] ?? [`The id of the ${on.toLowerCase()}`, ""];
}

/** The command that asks the same. */
export function explainCommand({ who, action, about }: Question): string {
  return ["swarm auth explain", ...[who, action, about].filter((word) => word !== undefined).map(quoted)].join(" ");
}
