import styles from "./Meter.module.css";

/** From here on it is much, and told as an alert where nothing else is configured; in percent. */
const MUCH = 80;

interface Props {
  used: number;
  of: number;
  /** A value in words. */
  shown: (value: number) => string;
}

/** How much of what may be used is used: a bar, and the same in words. */
export function Meter({ used, of, shown }: Props) {
  const percent = of > 0 ? (100 * used) / of : 100;
  return (
    <div className={styles.meter}>
      <div className={styles.bar} data-level={percent >= 100 ? "full" : percent >= MUCH ? "much" : undefined} aria-hidden>
        <span style={{ width: `${Math.min(100, percent)}%` }} />
      </div>
      <p className={styles.words}>
        <strong>{shown(used)}</strong> of {shown(of)}
        {percent >= 1 ? `, ${Math.round(percent)} %` : ""}
      </p>
    </div>
  );
}
