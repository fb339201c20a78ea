import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Swarm } from "./swarm";

/** A shop's prices, and a change of three hunks: two that a requirement's command misses, and one that nothing misses. */

const BEFORE = `"""Prices of the shop, in cents."""

import sys

RATES = {"book": 7, "lamp": 19}


def rate(kind):
    """The tax on a kind of goods, in percent."""
    return RATES[kind]


def tax(net, kind):
    """The tax that is added."""
    return net * rate(kind) // 100


def gross(net, kind):
    """What somebody pays."""
    return net + tax(net, kind)


def main(argv):
    net, kind = int(argv[1]), argv[2]
    print(gross(net, kind))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
`;

const AFTER = BEFORE.replace('"lamp": 19', '"food": 7, "lamp": 19')
  .replace("return net * rate(kind) // 100", "return (net * rate(kind) + 50) // 100")
  .replace("    print(gross(", '    if kind not in RATES:\n        print(f"unknown goods: {kind}")\n        return 2\n    print(gross(');

const SPEC = `# Prices

The shop's prices know more goods.

## REQ-1: Food has its rate

\`price.py\` adds seven percent to the price of food.

\`\`\`console
$ python3 price.py 100 food
107
\`\`\`

## REQ-2: Unknown goods are refused

\`price.py\` says which goods it does not know, and exits with 2.

\`\`\`console
$ python3 price.py 100 gold; echo "$?"
unknown goods: gold
2
\`\`\`
`;

/** What the models say. */
export const SCRIPT = `
json_schema = true

[[rules]]
contains = "You may write only: price.py"
text = '''
price.py
\`\`\`python
${AFTER}\`\`\`
'''

[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{"tickets": [{"title": "More goods", "requirements": ["REQ-1", "REQ-2"], "files": ["price.py"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "Keep to the form of the file.", "risk": "low"}'

[[rules]]
contains = "merged"
text = '{"title": "feat: more goods", "text": "Food has its rate, and unknown goods are refused."}'
`;

export const RULES = `
[[flows.approvals.rules]]
name = "prices"
on = "diff"
paths = ["price.py"]
four_eyes = false
`;

/** Has the change made. Gives the question about it, once its hunks were left out. */
export async function asked(swarm: Swarm): Promise<{ id: string; run: string }> {
  writeFileSync(join(swarm.repo, "price.py"), BEFORE);
  const git = (...args: string[]) => execFileSync("git", ["-C", swarm.repo, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args]);
  git("add", "price.py");
  git("commit", "--quiet", "--message", "feat: prices");
  await swarm.ask("POST", "/api/projects", { project: "shop", repo: swarm.repo });
  const spec = await swarm.ask<{ id: string }>("POST", "/api/specs", { project: "shop", text: SPEC });
  const plan = await swarm.ask<{ id: string }>("POST", "/api/plans", { spec: spec.id });
  await expect.poll(async () => (await swarm.ask<{ plan?: unknown }>("GET", `/api/plans/${plan.id}`)).plan).toBeTruthy();
  const run = await swarm.ask<{ id: string }>("POST", "/api/runs", { plan: plan.id, options: { budget: {}, max_parallel: 1, max_attempts: 2 } });
  const waiting = async () => (await swarm.ask<{ items: { id: string }[] }>("GET", "/api/hitl?state=waiting")).items;
  await expect.poll(async () => (await waiting()).length).toBe(1);
  const id = (await waiting())[0]!.id;
  await expect.poll(async () => (await swarm.ask<{ evidence?: unknown }>("GET", `/api/hitl/${id}`)).evidence).toBeTruthy();
  return { id, run: run.id };
}
