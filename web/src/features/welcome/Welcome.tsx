import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { models } from "~/api/models";
import { me, may } from "~/api/session";
import { projects, runs } from "~/api/work";
import { beside, doneOf, STEPS, type Step } from "~/parts/wayIn";
import { FirstSteps } from "~/parts/FirstSteps";
import { Page } from "~/parts/Page";
import { AccountStep } from "./AccountStep";
import { DemoStep } from "./DemoStep";
import { ModelStep } from "./ModelStep";
import { RepositoryStep } from "./RepositoryStep";
import styles from "./Welcome.module.css";

const route = getRouteApi("/inside/welcome");

const VIEWS = {
  account: { title: "Your account", View: AccountStep },
  model: { title: "A model that does the work", View: ModelStep },
  repository: { title: "A repository to work in", View: RepositoryStep },
  demo: { title: "A small example, to see it work", View: DemoStep },
} as const satisfies Record<Step, unknown>;

/** The way from the first account to the first plan. What is done is read from what is there: nothing is kept of it. */
export function Welcome() {
  const { step: at = "model" } = route.useSearch();
  const { data: who } = useQuery(me);
  const isKnown = may(who, "work:read");
  const known = useQuery({ ...models, enabled: isKnown });
  const added = useQuery({ ...projects, enabled: isKnown });
  const begun = useQuery({ ...runs, enabled: isKnown });
  const done = doneOf({ models: known.data?.items.length, projects: added.data?.items.length, runs: begun.data?.items.length });
  const { title, View } = VIEWS[at];
  const heading = useFocusOnStep(at);
  return (
    <Page
      title="First steps"
      about="From an account to a first plan, in four steps. Any can be left out, and come back to later."
      actions={
        <Button size="xs" renderRoot={(props) => <Link {...props} to="/" />}>
          Go home
        </Button>
      }
    >
      <div className={styles.way}>
        <FirstSteps at={at} done={done} linked />
        <section className={styles.step} aria-labelledby="step">
          <h2 id="step" ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <View />
          <On at={at} isDone={done.has(at)} />
        </section>
      </div>
    </Page>
  );
}

/** Back, and on: the step that comes, or home where none does. */
function On({ at, isDone }: { at: Step; isDone: boolean }) {
  const { before, after } = beside(at);
  const look = isDone ? "filled" : "default";
  return (
    <nav className={styles.on} aria-label="Between the steps">
      {before ? (
        <Button renderRoot={(props) => <Link {...props} to="/welcome" search={{ step: before }} resetScroll={false} />}>Back</Button>
      ) : null}
      {after ? (
        <Button variant={look} renderRoot={(props) => <Link {...props} to="/welcome" search={{ step: after }} resetScroll={false} />}>
          {isDone ? "Next: " : "Leave it out, on to "}
          {STEPS.find(({ step }) => step === after)?.label}
        </Button>
      ) : (
        <Button variant={look} renderRoot={(props) => <Link {...props} to="/" />}>
          {isDone ? "Done: go home" : "Leave it out, go home"}
        </Button>
      )}
    </nav>
  );
}

/** Who goes on by keys or listens is brought to the step that they went to. */
function useFocusOnStep(at: Step) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(at);
  useEffect(() => {
    if (before.current !== at) heading.current?.focus({ preventScroll: true });
    before.current = at;
  }, [at]);
  return heading;
}
