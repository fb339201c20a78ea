import type { ReactNode } from "react";
import styles from "./Marks.module.css";

export type StateName =
  | "running"
  | "waiting"
  | "working"
  | "verifying"
  | "merging"
  | "merged"
  | "done"
  | "needs_person"
  | "cancelled"
  | "accepted"
  | "answered"
  | "ignored"
  | "expired"
  | "withdrawn"
  | "failed"
  | "looping"
  | "stalled";

const WORD: Record<StateName, string> = {
  running: "Running",
  waiting: "Waiting",
  working: "Working",
  verifying: "Verifying",
  merging: "Merging",
  merged: "Merged",
  done: "Done",
  needs_person: "Needs you",
  cancelled: "Cancelled",
  accepted: "Approved",
  answered: "Sent back",
  ignored: "Turned down",
  expired: "Expired",
  withdrawn: "Withdrawn",
  failed: "Failed",
  looping: "Looping",
  stalled: "Stalled",
};

const RING = <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" />;
const HALF = (
  <>
    {RING}
    <path d="M6 1.4a4.6 4.6 0 0 1 0 9.2z" fill="currentColor" />
  </>
);
const TICK = (
  <>
    <circle cx="6" cy="6" r="5.4" fill="currentColor" />
    <path d="M3.6 6.2 5.3 8l3.2-3.8" fill="none" stroke="var(--surface)" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
  </>
);
const DASH = (
  <>
    {RING}
    <path d="M3.4 8.6l5.2-5.2" stroke="currentColor" strokeWidth="1.5" />
  </>
);
const HEX = <path d="M6 .6 10.7 3.3v5.4L6 11.4 1.3 8.7V3.3z" fill="currentColor" />;
/** Round and round. */
const LOOP = (
  <>
    <path d="M10.2 4.2a4.6 4.6 0 1 0 .3 2.8" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    <path d="M10.9 1.6v3.2H7.7z" fill="currentColor" />
  </>
);
const BARS = <path d="M2.6 1.4h2.4v9.2H2.6zM7 1.4h2.4v9.2H7z" fill="currentColor" />;

/** A shape for each, so that nobody has to tell colours apart. */
const SHAPE: Record<StateName, ReactNode> = {
  waiting: RING,
  running: HALF,
  working: HALF,
  verifying: HALF,
  merging: HALF,
  merged: TICK,
  done: TICK,
  accepted: TICK,
  needs_person: HEX,
  answered: DASH,
  cancelled: DASH,
  ignored: DASH,
  expired: DASH,
  withdrawn: DASH,
  failed: DASH,
  looping: LOOP,
  stalled: BARS,
};

/** Where something stands. */
export function StateMark({ state, label }: { state: StateName; label?: string }) {
  return (
    <span className={styles.state} data-state={state}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden>
        {SHAPE[state]}
      </svg>
      {label ?? WORD[state]}
    </span>
  );
}
