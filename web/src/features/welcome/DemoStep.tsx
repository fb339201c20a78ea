import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { begin, example, read } from "~/api/begin";
import type { ModelView, Project } from "~/api/generated/api";
import { models } from "~/api/models";
import { me, may } from "~/api/session";
import { projects } from "~/api/work";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Welcome.module.css";

/** The example that comes with swarm, as a plan: what would be done and at what price. Nothing is built by it. */
export function DemoStep() {
  const { data: who } = useQuery(me);
  const known = useQuery(projects);
  const called = useQuery(models);
  const error = known.error ?? called.error;
  const isReady = known.data && called.data;
  const mayBegin = may(who, "specs:write") && may(who, "runs:write");
  return (
    <>
      <p className={styles.lead}>
        textstat counts what is in a text: eight requirements, each with commands that prove it. A model cuts them into tickets, and you see these with their
        price. Nothing is built before you start the run.
      </p>
      <Spec />
      {error && !isReady ? <Trouble problem={error} again={() => void Promise.all([known.refetch(), called.refetch()])} /> : null}
      {!isReady && !error ? <Waiting what="Loading the projects" lines={1} /> : null}
      {who && !mayBegin ? <p className={styles.note}>Who may change the work begins it.</p> : null}
      {isReady && mayBegin && known.data.items.length === 0 ? (
        <p className={styles.note}>
          It wants a repository to be built in.{" "}
          <Link to="/welcome" search={{ step: "repository" }}>
            Add one first
          </Link>
          .
        </p>
      ) : null}
      {isReady && mayBegin && known.data.items.length > 0 ? <Begin known={known.data.items} called={called.data.items} /> : null}
    </>
  );
}

/** The text itself, which comes when somebody wants to read it. */
function Spec() {
  const [open, setOpen] = useState(false);
  const { data } = useQuery({ queryKey: ["example"], queryFn: example, enabled: open });
  return (
    <details className={styles.more} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Its spec</summary>
      {data === undefined ? (
        open ? (
          <Waiting what="Loading the spec" lines={3} />
        ) : null
      ) : (
        <pre className={styles.spec} tabIndex={0} role="group" aria-label="The spec of the example">
          {data}
        </pre>
      )}
    </details>
  );
}

function Begin({ known, called }: { known: readonly Project[]; called: readonly ModelView[] }) {
  const [router, queries] = [useRouter(), useQueryClient()];
  // The one that was added last is the likeliest.
  const newest = [...known].sort((a, b) => Date.parse(b.added_at) - Date.parse(a.added_at))[0]?.id ?? "";
  const [chosen, setChosen] = useState<string>();
  const project = known.some(({ id }) => id === chosen) ? (chosen ?? newest) : newest;
  const wish = async () => ({ project, repo: undefined, text: await example() });
  const onSettled = () => queries.invalidateQueries({ queryKey: ["specs"], exact: true });
  const plan = useMutation({
    mutationFn: async () => begin(await wish()),
    onSuccess: (id) => router.navigate({ to: "/plans/$plan", params: { plan: id } }),
    onSettled,
  });
  const design = useMutation({
    mutationFn: async () => read(await wish()),
    onSuccess: (id) => router.navigate({ to: "/design/$spec", params: { spec: id }, search: {} }),
    onSettled,
  });
  const isBusy = plan.isPending || design.isPending;
  const hasModel = called.length > 0;
  const isPlayed = hasModel && called.every(({ replies }) => replies === "recording");
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) (hasModel ? plan : design).mutate();
      }}
    >
      <NativeSelect
        label="Project"
        description="It is built in a folder of its own, textstat, on branches of its own"
        value={project}
        data={known.map(({ id }) => id)}
        onChange={(event) => setChosen(event.currentTarget.value)}
      />
      {hasModel ? null : (
        <p className={styles.note}>
          There is no model, so no plan can be made yet:{" "}
          <Link to="/welcome" search={{ step: "model" }}>
            see to one
          </Link>
          . The spec can be read without one.
        </p>
      )}
      {isPlayed ? <p className={styles.note}>Replies are played back from a recording: it costs nothing, and what is not in the recording fails.</p> : null}
      {plan.isError || design.isError ? <Trouble problem={plan.error ?? design.error} /> : null}
      <p className={styles.buttons}>
        {hasModel ? (
          <Button type="submit" variant="filled" loading={plan.isPending} disabled={design.isPending}>
            Make a plan
          </Button>
        ) : null}
        <Button type={hasModel ? "button" : "submit"} loading={design.isPending} disabled={plan.isPending} onClick={hasModel ? () => design.mutate() : undefined}>
          Read the spec first
        </Button>
      </p>
    </form>
  );
}
