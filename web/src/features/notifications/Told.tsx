import { Link } from "@tanstack/react-router";
import type { Notification } from "~/api/generated/api";
import lists from "~/parts/Rows.module.css";
import { When } from "~/parts/When";
import { stageWords } from "./stage";
import styles from "./Told.module.css";

/** A message in short: what it says, why it was sent, and when. It leads to what it is about. */
export function Told({ one: { notification, title, interrupt }, opened }: { one: Notification; opened: () => void }) {
  const isNew = !notification.read_at;
  return (
    <span>
      <span className={`${lists.title} ${styles.title}`} data-new={isNew || undefined}>
        {interrupt ? (
          <Link to="/approvals/$interrupt" params={{ interrupt }} onClick={opened}>
            {title}
          </Link>
        ) : (
          title
        )}
      </span>
      <span className={lists.about}>
        {isNew ? <strong className={styles.new}>new</strong> : null}
        <span>{stageWords(notification.stage)}</span>
        <When at={notification.made_at} />
      </span>
    </span>
  );
}
