import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { client, take } from "~/api/client";
import type { Acceptance, Requirement, SpecDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { plan as planQuery, plans } from "~/api/work";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Section } from "~/parts/Page";
import { Lints } from "~/parts/PlanProposed";
import { Prose } from "~/parts/Prose";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Design.module.css";
import { survey } from "./queries";

interface Props {
  spec: SpecDetail;
  /** Shows a line of the text. */
  line: (line: number) => void;
}

/** What was understood of a text, and what was not. */
export function Understood({ spec: { id, spec }, line }: Props) {
  const proofs = spec.requirements.reduce((sum, { acceptance }) => sum + acceptance.length, 0);
  const bare = spec.requirements.filter(({ acceptance }) => acceptance.length === 0).length;
  const [tried, check] = useCheck(id);
  return (
    <>
      {spec.not_understood.length > 0 ? (
        <Section title="Not understood" aside={plural(spec.not_understood.length, "passage")}>
          <ul className={styles.passages}>
            {spec.not_understood.map((passage) => (
              <li key={`${passage.line} ${passage.text}`}>
                <p>
                  <Line at={passage.line} line={line} /> <q>{passage.text}</q>
                </p>
                <p className={styles.fix}>{passage.reason}</p>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
      <Unclear spec={id} />
      <Section
        title="Requirements"
        aside={
          <span className={styles.tools}>
            {proofs > 0 ? check : null}
            {spec.requirements.length > 0 ? <Export name={`requirements-${id}`} rows={() => spec.requirements.map(rowOf)} /> : null}
          </span>
        }
      >
        {spec.requirements.length === 0 ? (
          <Nothing title="No requirement was found">
            <p>Give each thing that must hold a heading with a label, such as “REQ-1: Counts words”.</p>
          </Nothing>
        ) : (
          <>
            <p className={styles.sum}>
              {plural(proofs, "command")} {proofs === 1 ? "proves" : "prove"} them.
              {bare > 0 ? ` Nothing proves ${bare === 1 ? "one" : bare} of them: an example with its output would.` : ""}
            </p>
            {tried}
            <ol className={styles.requirements}>
              {spec.requirements.map((requirement) => (
                <Item key={requirement.id} requirement={requirement} line={line} />
              ))}
            </ol>
          </>
        )}
      </Section>
      {spec.fixtures.length > 0 ? (
        <Section title="Files of the examples" aside={plural(spec.fixtures.length, "file")}>
          {spec.fixtures.map(({ path, content }) => (
            <details key={path} className={styles.more}>
              <summary>
                <code>{path}</code>
              </summary>
              <pre tabIndex={0}>{content}</pre>
            </details>
          ))}
        </Section>
      ) : null}
      {spec.overview.trim() === "" ? null : (
        <Section title="What every ticket is told">
          <details className={styles.more}>
            <summary>What stands outside of the requirements</summary>
            <Prose text={spec.overview} />
          </details>
        </Section>
      )}
    </>
  );
}

function Line({ at, line }: { at: number; line: Props["line"] }) {
  if (at < 1) return null;
  return (
    <button type="button" className={styles.line} onClick={() => line(at)}>
      line {at}
    </button>
  );
}

function Item({ requirement: { id, title, text, acceptance, depends_on, files, line: at }, line }: { requirement: Requirement; line: Props["line"] }) {
  return (
    <li>
      <details>
        <summary>
          <code>{id}</code>
          <span className={styles.name}>{title}</span>
          <span className={styles.count}>{acceptance.length === 0 ? "nothing proves it" : plural(acceptance.length, "command")}</span>
        </summary>
        <div className={styles.inside}>
          <p className={styles.facts}>
            <Line at={at} line={line} />
            {depends_on.length > 0 ? <span>after {depends_on.join(", ")}</span> : null}
            {files.length > 0 ? <code>{files.join("  ")}</code> : null}
          </p>
          <Prose text={text} />
          {acceptance.length > 0 ? (
            <ul className={styles.proofs}>
              {acceptance.map((one, n) => (
                <li key={n}>
                  <pre tabIndex={0}>
                    <b>$ {one.command}</b>
                    {wanted(one)}
                  </pre>
                </li>
              ))}
            </ul>
          ) : null}
        </div>
      </details>
    </li>
  );
}

/** What a command must do, as the spec's own examples say it. */
function wanted({ exit, stdout, stderr_contains }: Acceptance): string {
  const said = stdout == null ? [] : [stdout === "" ? "(no output)" : stdout.trimEnd()];
  if (stderr_contains != null) said.push(`stderr: ${stderr_contains}`);
  if (exit !== 0) said.push(`[exit ${exit}]`);
  return said.length === 0 ? "" : `\n${said.join("\n")}`;
}

/** What the lint of the newest plan says can be read in several ways. */
function Unclear({ spec }: { spec: string }) {
  const { data } = useQuery(plans);
  const [latest] = (data?.items ?? []).filter((plan) => plan.spec === spec).sort((a, b) => b.requested_at.localeCompare(a.requested_at));
  const detail = useQuery({ ...planQuery(latest?.id ?? ""), enabled: latest !== undefined });
  const lint = detail.data?.lint ?? [];
  if (lint.length === 0) return null;
  return (
    <Section title="Can be read in several ways" aside={`${lint.length}`}>
      <Lints lint={lint} />
    </Section>
  );
}

/** Holds the spec against the code that is there: what came of it, and the button. */
function useCheck(spec: string) {
  const { data: who } = useQuery(me);
  const begin = useMutation({ mutationFn: async () => take(client.POST("/api/specs/{spec}/check", { params: { path: { spec } }, body: {} })) });
  const found = useQuery({ ...survey(begin.data?.id ?? ""), enabled: begin.data !== undefined });
  const outcome = found.data?.outcome;
  const button = may(who, "specs:write") ? (
    <Button size="xs" loading={begin.isPending || (begin.isSuccess && !outcome && !found.error)} onClick={() => begin.mutate()}>
      Hold against the code
    </Button>
  ) : null;
  const error = begin.error ?? found.error;
  const shown = error ? (
    <Trouble problem={error} title="It could not be held against the code" />
  ) : begin.isSuccess && !outcome ? (
    <Waiting what="Running the commands" lines={2} />
  ) : outcome ? (
    <div className={styles.tried} role="status">
      <p>
        {outcome.outcome === "checked" ? (
          <>
            <strong>
              {outcome.proven} of {plural(outcome.requirements, "requirement")} hold
            </strong>{" "}
            on <code>{outcome.commit.slice(0, 10)}</code>.
          </>
        ) : outcome.outcome === "failed" ? (
          outcome.problem.detail
        ) : null}
      </p>
      <ul>
        {(found.data?.tried ?? [])
          .filter(({ passed }) => !passed)
          .map(({ requirement, command, ended, output }, n) => (
            <li key={n}>
              <StateMark state="failed" label={`${requirement}, ${ended}`} />
              <pre tabIndex={0}>
                <b>$ {command}</b>
                {output.trim() === "" ? "" : `\n${output.trimEnd()}`}
              </pre>
            </li>
          ))}
      </ul>
    </div>
  ) : null;
  return [shown, button] as const;
}

function rowOf({ id, title, line, depends_on, files, acceptance }: Requirement) {
  return { id, title, line, depends_on: depends_on.join(" "), files: files.join(" "), commands: acceptance.map(({ command }) => command).join("\n") };
}
