import type { InterruptDetail, RequirementTrace } from "~/api/generated/api";
import { plural } from "./format";
import styles from "./HunkProof.module.css";
import { StateMark } from "./StateMark";

export type Evidence = NonNullable<InterruptDetail["evidence"]>;

/** Where a hunk is, as a diff says it. */
export interface Place {
  readonly path: string;
  readonly oldStart: number;
  readonly newStart: number;
}

interface Props {
  place: Place;
  evidence: Evidence;
  /** The requirements that the change serves. */
  serves: readonly RequirementTrace[];
}

/** What proves some lines of a change: who missed them when they alone were left out. */
export function HunkProof({ place, evidence, serves }: Props) {
  const hunk = evidence.hunks.find((one) => one.path === place.path && one.old_start === place.oldStart && one.new_start === place.newStart);
  if (!hunk) return null;
  if (hunk.missed_by.length === 0) {
    return (
      <p className={styles.proof}>
        <StateMark state="needs_person" label="Not proven" />
        <span>{allOf(evidence.commands)} without these lines: read them closely.</span>
      </p>
    );
  }
  return (
    <details className={styles.proof}>
      <summary>
        <StateMark state="accepted" label="Proven" />
        {hunk.missed_by.map(({ requirement }) => (
          <span key={requirement ?? ""}>{requirement ? <Named id={requirement} serves={serves} /> : "Its own tests"}</span>
        ))}
        <span className={styles.fails}>{plural(hunk.missed_by.length, "command")} fail{hunk.missed_by.length === 1 ? "s" : ""} without these lines</span>
      </summary>
      <ul>
        {hunk.missed_by.map(({ command }) => (
          <li key={command}>
            <code>{command}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function allOf(commands: number): string {
  if (commands === 1) return "Its command holds";
  return commands === 2 ? "Both commands hold" : `All ${commands} commands hold`;
}

function Named({ id, serves }: { id: string; serves: readonly RequirementTrace[] }) {
  const title = serves.find(({ requirement }) => requirement.id === id)?.requirement.title;
  return (
    <>
      <code>{id}</code> {title}
    </>
  );
}

/** What is said of all of them together. */
export function HunkProofs({ evidence }: { evidence: Evidence }) {
  const tried = evidence.hunks.length;
  const proven = evidence.hunks.filter(({ missed_by }) => missed_by.length > 0).length;
  const left = evidence.left > 0 ? ` ${evidence.left} more ${evidence.left === 1 ? "was" : "were"} not tried.` : "";
  return (
    <p className={styles.all}>
      Each part of the change was left out once, alone. Without {tried === 1 ? "it" : `${proven} of ${tried}`}, {tried === 1 && proven === 0 ? "all commands hold" : "a command fails"}.{left}
    </p>
  );
}
