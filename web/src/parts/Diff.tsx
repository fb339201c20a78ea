import "react-diff-view/style/index.css";
import "./Diff.css";
import { SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import { useEffect, useMemo, useState } from "react";
import { Diff as Table, Hunk, markEdits, parseDiff, tokenize, type FileData } from "react-diff-view";
import { plural } from "./format";

type View = "unified" | "split";

/** Lines above which a file is shut at first: nobody reads so much at once, and the page stays quick. */
const LONG = 400;

type Highlight = typeof import("./highlight");

/** What colours code, once it is there. Before that, and where it cannot be had, code is shown plainly. */
function useHighlight(): Highlight | undefined {
  const [highlight, setHighlight] = useState<Highlight>();
  useEffect(() => {
    import("./highlight").then(setHighlight, () => undefined);
  }, []);
  return highlight;
}

/** A change, file by file. */
export function Diff({ text }: { text: string }) {
  const files = useMemo(() => parseDiff(text, { nearbySequences: "zip" }), [text]);
  const [view, setView] = useState<View>("unified");
  const highlight = useHighlight();
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
        <File key={`${file.oldPath} ${file.newPath}`} file={file} view={view} highlight={highlight} />
      ))}
    </section>
  );
}

function File({ file, view, highlight }: { file: FileData; view: View; highlight: Highlight | undefined }) {
  const lines = file.hunks.flatMap(({ changes }) => changes);
  const tokens = useMemo(() => {
    const enhancers = [markEdits(file.hunks, { type: "block" })];
    const language = highlight?.languageOf(file.type === "delete" ? file.oldPath : file.newPath);
    if (!highlight || !language || file.hunks.length === 0 || lines.length > LONG) return tokenize(file.hunks, { enhancers });
    return tokenize(file.hunks, { highlight: true, refractor: highlight.colours, language, enhancers });
    // The lines are those of the file.
  }, [file, highlight]);
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
