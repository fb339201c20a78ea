import { paragraphs, pieces } from "./flow";
import styles from "./Prose.module.css";

/** Text of a spec or a plan: paragraphs that flow, and code as code. Whatever it says, it is shown as text. */
export function Prose({ text }: { text: string }) {
  return (
    <div className={styles.prose}>
      {paragraphs(text).map((paragraph, at) => (
        <p key={at}>{pieces(paragraph).map((piece, n) => (piece.code ? <code key={n}>{piece.text}</code> : piece.text))}</p>
      ))}
    </div>
  );
}
