import { Button } from "@mantine/core";
import { useState } from "react";
import styles from "./CommandLine.module.css";

/** What is to be typed on the server's machine, to be taken along. */
export function CommandLine({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <div className={styles.command}>
      <pre>{text}</pre>
      <Button size="xs" onClick={copy} onBlur={() => setCopied(false)}>
        {copied ? "Copied" : "Copy"}
        <span className="only-heard"> {label}</span>
      </Button>
    </div>
  );
}
