import type { RequirementTrace, Trace } from "~/api/generated/api";
import { proofs } from "./evidence";
import { plural } from "./format";
import styles from "./Served.module.css";
import { StateMark } from "./StateMark";

interface Props {
  path: string;
  /** The requirements that the change serves. */
  serves: readonly RequirementTrace[];
  /** On which commit their commands count. */
  commit: Trace["head"];
}

/** What a file of a change is for, and what proves that. A spec names files, not lines: it is told of the file. */
export function Served({ path, serves, commit }: Props) {
  const named = serves.filter(({ requirement }) => requirement.files.includes(path));
  if (named.length === 0) return null;
  return (
    <ul className={styles.served}>
      {named.map((one) => {
        const all = proofs(one, commit);
        const hold = all.filter(({ check }) => check?.passed).length;
        const failed = all.some(({ check }) => check && !check.passed);
        const state = failed ? "failed" : all.length > 0 && hold === all.length ? "accepted" : "waiting";
        return (
          <li key={one.requirement.id}>
            <code>{one.requirement.id}</code> <span>{one.requirement.title}</span>
            <StateMark state={state} label={all.length === 0 ? "no command proves it" : `${hold} of ${plural(all.length, "command")} ${all.length === 1 ? "holds" : "hold"} with this change`} />
          </li>
        );
      })}
    </ul>
  );
}
