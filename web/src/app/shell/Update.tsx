import { reload, useUpdate } from "~/offline/update";
import styles from "./LiveMark.module.css";

/** A newer app is there. It is taken when somebody says so: nobody loses what they were typing. */
export function Update() {
  if (!useUpdate()) return null;
  return (
    <div className={styles.notice} role="status">
      A new version is here. <button onClick={() => void reload()}>Reload</button>
    </div>
  );
}
