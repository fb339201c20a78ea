import type { ReactNode } from "react";
import styles from "./Nothing.module.css";

/** What stands where there is nothing to show: that this is so, and what to do about it. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.nothing}>
      <svg viewBox="0 0 72 40" width="72" height="40" aria-hidden className={styles.cells}>
        <path d="M12 2l10 6v12l-10 6-10-6V8z" />
        <path d="M36 2l10 6v12l-10 6-10-6V8z" />
        <path d="M60 2l10 6v12l-10 6-10-6V8z" />
        <path d="M24 22l10 6v11M24 22l-10 6v11M48 22l10 6v11M48 22l-10 6v11" />
      </svg>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
