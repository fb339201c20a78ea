import styles from "./Waiting.module.css";

/** What stands where something is still being asked for: lines of grey, and a word for who listens. */
export function Waiting({ lines = 4, what = "Loading" }: { lines?: number; what?: string }) {
  return (
    <div className={styles.waiting} role="status">
      <span className="only-heard">{what}…</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className={styles.line} aria-hidden />
      ))}
    </div>
  );
}
