import "react-diff-view/style/index.css";
import "./Diff.css";
import { SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { type ChangeData, Decoration, Diff as Table, getChangeKey, Hunk, isDelete, isInsert, markEdits, parseDiff, tokenize, type FileData } from "react-diff-view";
import { plural } from "./format";
import type { Place } from "./HunkProof";
import { RemarkForm, RemarkShown } from "./RemarkForm";
import { isAt, type Remark } from "./remarks";
import type { Remarks } from "./useRemarks";

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

interface Props {
  text: string;
  /** Where lines can be remarked on. */
  remarks?: Remarks | undefined;
  /** What is said of a file, above its lines. */
  about?: ((path: string) => ReactNode) | undefined;
  /** What is said of lines that belong together, above them. */
  proof?: ((place: Place) => ReactNode) | undefined;
}

/** A change, file by file. */
export function Diff({ text, remarks, about, proof }: Props) {
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
      {remarks && files.length > 0 ? (
        <p className="change-hint">To remark on a line, click its number; or go to it with the arrow keys in a file, and press Enter.</p>
      ) : null}
      {files.map((file) => (
        <File key={`${file.oldPath} ${file.newPath}`} file={file} view={view} highlight={highlight} remarks={remarks} about={about} proof={proof} />
      ))}
    </section>
  );
}

interface FileProps extends Omit<Props, "text"> {
  file: FileData;
  view: View;
  highlight: Highlight | undefined;
}

function File({ file, view, highlight, remarks, about, proof }: FileProps) {
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
  const { group, keys, chosen, widgets, click, said } = useRemarking(name, lines, remarks);
  return (
    <details className="change-file" data-kind={file.type} open={lines.length <= LONG}>
      <summary>
        <code>{file.type === "rename" ? `${file.oldPath} → ${name}` : name}</code>
        <span className="change-kind">{file.type === "modify" ? "" : file.type === "add" ? "new" : file.type}</span>
        <span className="change-count">
          <span className="change-added">+{added}</span> <span className="change-removed">−{removed}</span>
        </span>
      </summary>
      {about?.(name)}
      {/* Wide code is moved within its own frame, by keys too. */}
      <div className="change-code" tabIndex={0} role="group" aria-label={name} ref={group} onKeyDown={keys} data-remarks={remarks ? true : undefined}>
        {file.hunks.length === 0 ? (
          <p className="change-none">{file.isBinary ? "Not text." : "No line is different."}</p>
        ) : (
          <Table viewType={view} diffType={file.type} hunks={file.hunks} tokens={tokens} widgets={widgets} selectedChanges={chosen} gutterEvents={click}>
            {(hunks) =>
              hunks.flatMap((hunk) => {
                const said = proof?.({ path: name, oldStart: hunk.oldStart, newStart: hunk.newStart });
                const lines = <Hunk key={hunk.content} hunk={hunk} />;
                return said ? [<Decoration key={`of ${hunk.content}`}>{said}</Decoration>, lines] : [lines];
              })
            }
          </Table>
        )}
      </div>
      {remarks ? (
        <p role="status" className="only-heard">
          {said}
        </p>
      ) : null}
    </details>
  );
}

/** The place of a line, as people and agents know it. */
function placeOf(path: string, change: ChangeData): Omit<Remark, "words"> {
  if (isDelete(change)) return { path, line: change.lineNumber, removed: true };
  return { path, line: isInsert(change) ? change.lineNumber : change.newLineNumber, removed: false };
}

/** Lines that can be gone to and remarked on, with what was said already. */
function useRemarking(path: string, lines: readonly ChangeData[], remarks: Remarks | undefined) {
  const group = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<ChangeData>();
  const [writing, setWriting] = useState<ChangeData>();
  const close = () => {
    setWriting(undefined);
    group.current?.focus({ preventScroll: true });
  };
  const write = (change: ChangeData) => {
    setAt(change);
    setWriting(change);
  };
  const widgets: Record<string, ReactNode> = {};
  if (remarks) {
    for (const change of lines) {
      const place = placeOf(path, change);
      const known = remarks.all.find((one) => isAt(one, place));
      if (change === writing) widgets[getChangeKey(change)] = <RemarkForm remark={known ?? { ...place, words: "" }} put={remarks.put} close={close} />;
      else if (known) widgets[getChangeKey(change)] = <RemarkShown remark={known} put={remarks.put} edit={() => write(change)} />;
    }
  }
  const keys = (event: KeyboardEvent) => {
    if (!remarks || event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const index = at ? lines.indexOf(at) : -1;
    if (step) {
      const next = lines[Math.min(Math.max(index + step, 0), lines.length - 1)];
      setAt(next);
      if (next) group.current?.querySelector(`[data-change-key="${getChangeKey(next)}"]`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else if (event.key === "Enter" && at) write(at);
    else return;
    event.preventDefault();
  };
  const place = at ? placeOf(path, at) : undefined;
  return {
    group,
    keys,
    widgets,
    chosen: at && remarks ? [getChangeKey(at)] : [],
    click: remarks ? { onClick: ({ change }: { change: ChangeData | null }) => change && write(change) } : {},
    said: at && place ? `line ${place.line}${place.removed ? ", taken away" : ""}: ${at.content}` : "",
  };
}
