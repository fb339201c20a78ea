import type { TicketCounts } from "~/api/generated/api";
import styles from "./Progress.module.css";

const PARTS = [
  ["merged", "merged"],
  ["merging", "merging"],
  ["verifying", "verifying"],
  ["working", "working"],
  ["needs_person", "need you"],
  ["waiting", "wait"],
  ["cancelled", "cancelled"],
] as const;

/** How far a run is: a bar of its tickets by where they stand, and the same in words. */
export function Progress({ counts }: { counts: TicketCounts }) {
  const words = PARTS.filter(([name]) => name !== "merged" && counts[name] > 0).map(([name, word]) => `${counts[name]} ${word}`);
  return (
    <div className={styles.progress}>
      <div className={styles.bar} aria-hidden>
        {PARTS.map(([name]) => (counts[name] > 0 ? <span key={name} data-part={name} style={{ flexGrow: counts[name] }} /> : null))}
      </div>
      <p className={styles.words}>
        <strong>
          {counts.merged} of {counts.total}
        </strong>{" "}
        {["merged", ...words].join(", ")}
      </p>
    </div>
  );
}
