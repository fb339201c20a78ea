import { client, done, take } from "~/api/client";
import type { Wish } from "./wish";

/** Has the spec read and a plan drawn up: nothing is spent but for the plan. Gives the plan's id. */
export async function begin({ project, repo, text }: Wish): Promise<string> {
  if (repo !== undefined) await done(client.POST("/api/projects", { body: { project, repo } }));
  const spec = await take(client.POST("/api/specs", { body: { project, text } }));
  const plan = await take(client.POST("/api/plans", { body: { spec: spec.id } }));
  return plan.id;
}
