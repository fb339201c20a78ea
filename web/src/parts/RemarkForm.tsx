import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import styles from "./Remark.module.css";
import type { Remark } from "./remarks";

interface Props {
  remark: Remark;
  put: (remark: Remark) => void;
  close: () => void;
}

/** Where a remark on a line is written. */
export function RemarkForm({ remark, put, close }: Props) {
  const [words, setWords] = useState(remark.words);
  const keep = () => {
    put({ ...remark, words });
    close();
  };
  return (
    <form
      className={styles.remark}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") close();
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
          event.preventDefault();
          keep();
        }
      }}
    >
      <Textarea
        label={`Remark on line ${remark.line}${remark.removed ? ", which is taken away" : ""}`}
        autosize
        minRows={2}
        maxRows={8}
        autoFocus
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <div className={styles.buttons}>
        <Button size="xs" onClick={close}>
          Back
        </Button>
        <Button size="xs" type="submit" variant="filled" disabled={words.trim() === "" && remark.words === ""}>
          {words.trim() === "" && remark.words !== "" ? "Take it away" : "Keep the remark"}
        </Button>
      </div>
    </form>
  );
}

/** A remark on its line. */
export function RemarkShown({ remark, edit, put }: { remark: Remark; edit: () => void; put: (remark: Remark) => void }) {
  return (
    <div className={styles.remark}>
      <p className={styles.words}>{remark.words}</p>
      <div className={styles.buttons}>
        <Button size="xs" onClick={() => put({ ...remark, words: "" })}>
          Take it away
        </Button>
        <Button size="xs" onClick={edit}>
          Change it
        </Button>
      </div>
    </div>
  );
}
