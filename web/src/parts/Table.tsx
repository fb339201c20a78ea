import type { ReactNode } from "react";
import styles from "./Table.module.css";

export interface Column {
  readonly name: string;
  /** Figures stand at the right, so that they can be compared. */
  readonly figure?: boolean;
  /** Where what stands in it says enough to who looks, but not to who listens. */
  readonly unseen?: boolean;
}

/** A table that scrolls by itself where the window is too narrow for it. */
export function Table({ label, columns, children }: { label: string; columns: readonly Column[]; children: ReactNode }) {
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map(({ name, figure, unseen }) => (
              <th key={name} scope="col" data-figure={figure || undefined}>
                {unseen ? <span className="only-heard">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
