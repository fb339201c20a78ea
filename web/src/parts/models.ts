import type { ModelList, ModelView } from "~/api/generated/api";

/** Models, as every list of them has them. Pure. */

/** Who serves a model: what stands before the first stroke of its name. */
export function providerOf(model: string): string {
  return model.slice(0, Math.max(0, model.indexOf("/"))) || model;
}

/** The models in the order in which they are tried; those that are called by their name alone come last. */
export function inOrder({ items, policy }: ModelList): ModelView[] {
  const place = new Map(policy.map((name, at) => [name, at]));
  const of = ({ name }: ModelView) => place.get(name) ?? policy.length;
  return [...items].sort((a, b) => of(a) - of(b));
}
