import { expect, it } from "vitest";
import { waysFrom } from "./ways";

const commands = (hostname: string, port: string) => waysFrom({ hostname, port }).map(({ command }) => command);

it("has the shell ask for a key, and starts swarm where this page finds it again, in one line", () => {
  const given = commands("127.0.0.1", "4180");
  expect(given[0]).toBe("read -rs OPENROUTER_API_KEY && export OPENROUTER_API_KEY && swarm up --port 4180");
  expect(given.at(-1)).toBe("OPENAI_BASE_URL=http://127.0.0.1:11434/v1 swarm up --port 4180");
  for (const command of given) expect(command).not.toContain("\n");
});

it("knows nothing of ports where swarm runs elsewhere", () => {
  for (const command of [...commands("swarm.example.org", "8443"), ...commands("localhost", "")]) expect(command).toMatch(/ swarm up$/);
});
