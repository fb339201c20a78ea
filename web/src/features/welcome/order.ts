import type { ModelList, ModelView } from "~/api/generated/api";

/** The models in the order in which they are tried; those that are called by their name alone come last. */
export function inOrder({ items, policy }: ModelList): ModelView[] {
  const place = new Map(policy.map((name, at) => [name, at]));
  const of = ({ name }: ModelView) => place.get(name) ?? policy.length;
  return [...items].sort((a, b) => of(a) - of(b));
}
