import type { ReactNode } from "react";
import styles from "./Page.module.css";
import { useTitle } from "./title";

interface Props {
  title: string;
  /** Beside the title: what can be done here. */
  actions?: ReactNode;
  /** Under the title, in a line. */
  about?: ReactNode;
  /** Above the title: where one came from. */
  above?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** A page: its title, what can be done, and what it shows. */
export function Page({ title, actions, about, above, wide = false, children }: Props) {
  useTitle(title);
  return (
    <div className={styles.page} data-wide={wide || undefined}>
      {above ? <div className={styles.above}>{above}</div> : null}
      <header className={styles.head}>
        <div className={styles.words}>
          <h1>{title}</h1>
          {about ? <div className={styles.about}>{about}</div> : null}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** A part of a page under a heading of its own. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <header className={styles.sectionHead}>
        <h2>{title}</h2>
        {aside ? <div className={styles.aside}>{aside}</div> : null}
      </header>
      {children}
    </section>
  );
}
