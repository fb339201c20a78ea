import { client, done, take } from "./client";
import type { Wish } from "./wish";

/** Makes the project, where it is not there yet. */
export async function makeProject({ project, repo }: Pick<Wish, "project" | "repo">): Promise<void> {
  if (repo !== undefined) await done(client.POST("/api/projects", { body: { project, repo } }));
}

/** Has the spec read, which asks no model. Gives the spec's id. */
export async function read({ project, repo, text }: Wish): Promise<string> {
  await makeProject({ project, repo });
  const spec = await take(client.POST("/api/specs", { body: { project, text } }));
  return spec.id;
}

/** Has the spec read and a plan drawn up: nothing is spent but for the plan. Gives the plan's id. */
export async function begin(wish: Wish): Promise<string> {
  const plan = await take(client.POST("/api/plans", { body: { spec: await read(wish) } }));
  return plan.id;
}

/** The spec that the demo builds. It comes when somebody wants it. */
export async function example(): Promise<string> {
  const { default: text } = await import("../../../examples/textstat/spec.md?raw");
  return text;
}
