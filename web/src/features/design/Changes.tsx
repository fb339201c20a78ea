import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue } from "react";
import { useDraft } from "~/api/drafts";
import type { Run, SpecDelta, SpecDetail, SpecSummary } from "~/api/generated/api";
import { delta as deltaQuery, plan as planQuery, plans, spec as specQuery, tickets as ticketsQuery } from "~/api/work";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Section } from "~/parts/Page";
import { StateMark } from "~/parts/StateMark";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Design.module.css";
import { expected, type Fate, planned } from "./reopened";

const TextDiff = lazy(() => import("./TextDiff").then(({ TextDiff }) => ({ default: TextDiff })));

interface Props {
  spec: SpecDetail;
  versions: readonly SpecSummary[];
  /** Of any version of it. */
  runs: readonly Run[];
  from: string | undefined;
}

/** What differs from another version, which tickets that opens again, and what of the text is not saved yet. */
export function Changes({ spec, versions, runs, from }: Props) {
  const [draft] = useDraft<string>(`spec:${spec.id}`);
  const others = versions.filter(({ id }) => id !== spec.id);
  const other = others.find(({ id }) => id === from) ?? others.find(({ id }) => id === spec.previous) ?? others[0];
  return (
    <>
      {draft ? <Unsaved before={spec.source} after={draft.value} /> : null}
      {other ? (
        <Between key={other.id} spec={spec} other={other} others={others} runs={runs} />
      ) : draft ? null : (
        <Nothing title="This is the first version">
          <p>Change the text and save it: what differs stands here then, with the tickets that it opens again.</p>
        </Nothing>
      )}
    </>
  );
}

function Unsaved({ before, after }: { before: string; after: string }) {
  // Who types does not wait for it.
  const text = useDeferredValue(after);
  return (
    <Section title="Not saved yet">
      <p className={styles.sum}>What it does to requirements and tickets is known once it is saved.</p>
      <Suspense fallback={<Waiting what="Loading what differs" lines={4} />}>
        <TextDiff before={before} after={text} />
      </Suspense>
    </Section>
  );
}

function Between({ spec, other, others, runs }: { spec: SpecDetail; other: SpecSummary; others: readonly SpecSummary[]; runs: readonly Run[] }) {
  const navigate = useNavigate();
  const differs = useQuery(deltaQuery(spec.id, other.id));
  const before = useQuery(specQuery(other.id));
  return (
    <>
      <Section
        title="What differs"
        aside={
          <NativeSelect
            size="xs"
            aria-label="Compared with"
            value={other.id}
            onChange={(event) => void navigate({ to: "/design/$spec", params: { spec: spec.id }, search: { show: "changes", from: event.currentTarget.value }, replace: true, resetScroll: false })}
          >
            {others.map(({ id, version }) => (
              <option key={id} value={id}>
                from version {version}
              </option>
            ))}
          </NativeSelect>
        }
      >
        {differs.data ? (
          <Requirements delta={differs.data} spec={spec} />
        ) : differs.error ? (
          <Trouble problem={differs.error} again={() => void differs.refetch()} />
        ) : (
          <Waiting what="Loading what differs" lines={4} />
        )}
      </Section>
      {differs.data ? <Tickets delta={differs.data} spec={spec} other={other} runs={runs} /> : null}
      <Section title="The text">
        {before.data ? (
          <Suspense fallback={<Waiting what="Loading the text" lines={6} />}>
            <TextDiff before={before.data.source} after={spec.source} />
          </Suspense>
        ) : before.error ? (
          <Trouble problem={before.error} again={() => void before.refetch()} />
        ) : (
          <Waiting what="Loading the text" lines={6} />
        )}
      </Section>
      {differs.data && differs.data.markdown.trim() !== "" ? (
        <details className={styles.more}>
          <summary>As a delta file</summary>
          <pre tabIndex={0}>{differs.data.markdown}</pre>
        </details>
      ) : null}
    </>
  );
}

function Requirements({ delta, spec }: { delta: SpecDelta; spec: SpecDetail }) {
  const { added, modified, removed, unchanged } = delta.counts;
  const titles = new Map(spec.spec.requirements.map(({ id, title }) => [id, title]));
  const changed = delta.requirements.filter(({ change }) => change !== "unchanged");
  const sum = [plural(added, "requirement") + " added", `${modified} changed`, `${removed} taken away`, `${unchanged} as before`].join(", ");
  const also = [delta.title ? "the title" : "", delta.overview ? "what stands outside of the requirements" : "", ...delta.fixtures.map(({ path, change }) => `${path} (${change})`)].filter(
    (one) => one !== "",
  );
  return (
    <>
      <p className={styles.sum}>
        {sum}.{also.length > 0 ? ` Also: ${also.join(", ")}.` : ""}
      </p>
      {changed.length > 0 ? (
        <>
          <div className={styles.tools}>
            <Export name={`delta-${spec.id}`} rows={() => delta.requirements.map(({ id, was, change, fields }) => ({ requirement: id, was: was ?? "", change, differs: fields.join(" ") }))} />
          </div>
          <Table label="Requirements that differ" columns={[{ name: "Requirement" }, { name: "Became" }, { name: "What differs" }]}>
            {changed.map(({ id, was, change, fields }) => (
              <tr key={`${change} ${id}`}>
                <td data-words>
                  <code>{id}</code> {titles.get(id)}
                  {was && was !== id ? ` (was ${was})` : ""}
                </td>
                <td>{BECAME[change]}</td>
                <td data-words>{fields.map((field) => FIELD[field]).join(", ")}</td>
              </tr>
            ))}
          </Table>
        </>
      ) : null}
    </>
  );
}

const BECAME = { added: "New", modified: "Changed", removed: "Taken away", unchanged: "As before" } as const;
const FIELD: Record<SpecDelta["requirements"][number]["fields"][number], string> = {
  title: "its title",
  text: "its text",
  acceptance: "its commands",
  fixtures: "files of its examples",
  depends_on: "what it waits for",
  files: "its files",
};

const FATE: Record<Fate, { state: "waiting" | "merged" | "cancelled"; label: string }> = {
  again: { state: "waiting", label: "Opened again" },
  new: { state: "waiting", label: "New" },
  open: { state: "waiting", label: "Not done before" },
  gone: { state: "cancelled", label: "Asked for no more" },
  kept: { state: "merged", label: "Stays" },
  carried: { state: "merged", label: "Carried over" },
};

/** What becomes of the tickets of the run before: by the plan where there is one, else by what they serve. */
function Tickets({ delta, spec, other, runs }: { delta: SpecDelta; spec: SpecDetail; other: SpecSummary; runs: readonly Run[] }) {
  const all = useQuery(plans);
  const [latest] = (all.data?.items ?? []).filter((plan) => plan.spec === spec.id).sort((a, b) => b.requested_at.localeCompare(a.requested_at));
  const detail = useQuery({ ...planQuery(latest?.id ?? ""), enabled: latest !== undefined });
  const [last] = runs.filter((run) => run.spec === other.id).sort((a, b) => b.started_at.localeCompare(a.started_at));
  const continues = detail.data?.continues;
  // The plan's word counts where it speaks of the same version.
  const says = continues && runs.find(({ id }) => id === continues.run)?.spec === other.id ? continues : undefined;
  const run = says?.run ?? last?.id;
  const before = useQuery({ ...ticketsQuery(run ?? ""), enabled: run !== undefined });
  if (run === undefined) {
    return (
      <Section title="Tickets that it opens again">
        <p className={styles.sum}>Nothing was built of version {other.version}: no ticket is opened again.</p>
      </Section>
    );
  }
  if (!before.data) {
    return (
      <Section title="Tickets that it opens again">
        {before.error ? <Trouble problem={before.error} again={() => void before.refetch()} /> : <Waiting what="Loading the tickets" lines={4} />}
      </Section>
    );
  }
  const exact = says && detail.data ? planned(detail.data, before.data.items) : undefined;
  const items = exact ?? expected(delta, before.data.items);
  const open = items.filter(({ fate }) => fate === "again" || fate === "new").length;
  return (
    <Section title="Tickets that it opens again" aside={<Export name={`reopened-${spec.id}`} rows={() => items.map(({ requirements, ...one }) => ({ ...one, requirements: requirements.join(" ") }))} />}>
      <p className={styles.sum}>
        {open} of {plural(items.length, "ticket")}
        {exact ? ", by the plan." : ", by what they serve. The plan says it exactly."}
      </p>
      <ul className={styles.fates}>
        {items.map(({ ticket, title, requirements, fate }) => (
          <li key={ticket}>
            <StateMark {...FATE[fate]} />
            <span className={styles.name}>
              {fate === "new" ? (
                title
              ) : (
                <Link to="/runs/$run/tickets/$ticket" params={{ run, ticket }}>
                  {title}
                </Link>
              )}
            </span>
            <span className={styles.facts}>
              <code>{ticket}</code>
              <span>{requirements.join(", ")}</span>
            </span>
          </li>
        ))}
      </ul>
      {says && says.leftovers.length > 0 ? (
        <div className={styles.leftovers}>
          <p>Asked for no more. Their code stays until a person takes it out:</p>
          <ul>
            {says.leftovers.map(({ requirement, title, files }) => (
              <li key={requirement}>
                <code>{requirement}</code> {title} <code>{files.join("  ")}</code>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </Section>
  );
}
