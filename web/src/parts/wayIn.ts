/** The steps of somebody's first start, one after the other. */
export const STEPS = [
  { step: "account", label: "Account" },
  { step: "model", label: "Model" },
  { step: "repository", label: "Repository" },
  { step: "demo", label: "Demo" },
] as const;

export type Step = (typeof STEPS)[number]["step"];

const NAMES: readonly Step[] = STEPS.map(({ step }) => step);

/** The step that an address names. */
export function stepOf(search: Record<string, unknown>): { step?: Step } {
  const step = NAMES.find((name) => name === search.step);
  return step ? { step } : {};
}

/** The steps before and after one. */
export function beside(step: Step): { before: Step | undefined; after: Step | undefined } {
  const at = NAMES.indexOf(step);
  return { before: NAMES[at - 1], after: NAMES[at + 1] };
}

/** What is there, as far as it is known. */
interface There {
  readonly models: number | undefined;
  readonly projects: number | undefined;
  readonly runs: number | undefined;
}

/** The steps that are behind whoever looks: by what is there, whoever did it. */
export function doneOf({ models, projects, runs }: There): ReadonlySet<Step> {
  const done = new Set<Step>(["account"]);
  if (models) done.add("model");
  if (projects) done.add("repository");
  if (runs) done.add("demo");
  return done;
}
