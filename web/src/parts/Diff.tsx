import "react-diff-view/style/index.css";
import "./Diff.css";
import { SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import { useMemo, useState } from "react";
import { Diff as Table, Hunk, markEdits, parseDiff, tokenize, type FileData } from "react-diff-view";
import { plural } from "./format";

type View = "unified" | "split";

/** Lines above which a file is shut at first: nobody reads so much at once, and the page stays quick. */
const LONG = 400;

/** A change, file by file. */
export function Diff({ text }: { text: string }) {
  const files = useMemo(() => parseDiff(text, { nearbySequences: "zip" }), [text]);
  const [view, setView] = useState<View>("unified");
  return (
    <section className="change" aria-label="The change">
      <header className="change-head">
        <h2>{plural(files.length, "file")}</h2>
        <SegmentedControl
          size="xs"
          aria-label="How the change is shown"
          value={view}
          onChange={(chosen) => setView(chosen as View)}
          data={[
            { value: "unified", label: "Unified" },
            { value: "split", label: "Side by side" },
          ]}
        />
      </header>
      {files.map((file) => (
        <File key={`${file.oldPath} ${file.newPath}`} file={file} view={view} />
      ))}
    </section>
  );
}

function File({ file, view }: { file: FileData; view: View }) {
  const tokens = useMemo(() => tokenize(file.hunks, { enhancers: [markEdits(file.hunks, { type: "block" })] }), [file]);
  const lines = file.hunks.flatMap(({ changes }) => changes);
  const [added, removed] = [lines.filter(({ type }) => type === "insert").length, lines.filter(({ type }) => type === "delete").length];
  const name = file.type === "delete" ? file.oldPath : file.newPath;
  return (
    <details className="change-file" open={lines.length <= LONG}>
      <summary>
        <code>{file.type === "rename" ? `${file.oldPath} → ${name}` : name}</code>
        <span className="change-kind">{file.type === "modify" ? "" : file.type === "add" ? "new" : file.type}</span>
        <span className="change-count">
          <span className="change-added">+{added}</span> <span className="change-removed">−{removed}</span>
        </span>
      </summary>
      {/* Wide code is moved within its own frame, by keys too. */}
      <div className="change-code" tabIndex={0} role="group" aria-label={name}>
        {file.hunks.length === 0 ? (
          <p className="change-none">{file.isBinary ? "Not text." : "No line is different."}</p>
        ) : (
          <Table viewType={view} diffType={file.type} hunks={file.hunks} tokens={tokens}>
            {(hunks) => hunks.map((hunk) => <Hunk key={hunk.content} hunk={hunk} />)}
          </Table>
        )}
      </div>
    </details>
  );
}
