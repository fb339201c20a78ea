import { Button, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type RefObject, useRef } from "react";
import { useDraft } from "~/api/drafts";
import { client, take } from "~/api/client";
import type { SpecDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { spec } from "~/api/work";
import { plural } from "~/parts/format";
import { Trouble } from "~/parts/Trouble";
import { When } from "~/parts/When";
import styles from "./Design.module.css";

/** The largest spec that the server reads, in bytes. */
export const LARGEST = 1 << 20;

interface Props {
  /** Under which name what is not saved yet is kept. */
  name: string;
  /** The text as it was saved; empty of a new spec. */
  source: string;
  /** For which project; none while nobody said it. */
  project: string | undefined;
  /** What stands on the button. */
  save: string;
  /** Before it is sent; throws what is missing. */
  before?: () => Promise<void>;
  saved: (spec: SpecDetail) => void;
  field?: RefObject<HTMLTextAreaElement | null>;
}

/** The text of a spec. What is not saved is kept on this device and says so. */
export function Editor({ name, source, project, save, before, saved, field }: Props) {
  const queries = useQueryClient();
  const { data: who } = useQuery(me);
  const [draft, setDraft, isKept] = useDraft<string>(name);
  const file = useRef<HTMLInputElement>(null);
  const text = draft?.value ?? source;
  const mayWrite = may(who, "specs:write");
  const write = (next: string) => setDraft(next === source ? undefined : next);
  const read = async (given: File | undefined) => {
    if (given && given.size <= LARGEST) write(await given.text());
  };
  const send = useMutation({
    mutationFn: async () => {
      await before?.();
      return take(client.POST("/api/specs", { body: { project: project ?? "", text } }));
    },
    onSuccess: (detail) => {
      setDraft(undefined);
      queries.setQueryData(spec(detail.id).queryKey, detail);
      saved(detail);
    },
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: ["specs"], exact: true }), queries.invalidateQueries({ queryKey: ["projects"] })]),
  });
  const ready = mayWrite && draft !== undefined && text.trim() !== "" && !send.isPending;
  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) send.mutate();
      }}
      onKeyDown={(event) => {
        if (event.key !== "s" || !(event.metaKey || event.ctrlKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (!mayWrite || event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        void read(event.dataTransfer.files[0]);
      }}
    >
      <Textarea
        ref={field}
        label="The spec, in Markdown"
        placeholder="# What it is&#10;&#10;## REQ-1: What must hold"
        className={styles.text}
        readOnly={!mayWrite}
        spellCheck={false}
        value={text}
        onChange={(event) => write(event.currentTarget.value)}
      />
      {send.isError ? <Trouble problem={send.error} title="It was not saved" /> : null}
      <div className={styles.save}>
        <p role="status">
          {draft ? (
            <>
              <strong>Not saved.</strong> {isKept ? "Kept on this device" : "This device has no room to keep it; it is gone when you leave"}, written{" "}
              <When at={draft.at} />.
            </>
          ) : mayWrite ? (
            `${plural(text === "" ? 0 : text.split("\n").length, "line")}. A change is kept on this device until you save it.`
          ) : (
            "Your role may read and not change it."
          )}
        </p>
        {mayWrite ? (
          <>
            <input
              ref={file}
              type="file"
              accept=".md,.markdown,.txt,text/markdown,text/plain"
              hidden
              onChange={(event) => void read(event.currentTarget.files?.[0])}
            />
            {draft ? (
              <Button onClick={() => setDraft(undefined)} disabled={send.isPending}>
                Take it back
              </Button>
            ) : (
              <Button onClick={() => file.current?.click()}>Choose a file</Button>
            )}
            <Button type="submit" variant="filled" loading={send.isPending} disabled={!ready}>
              {save}
            </Button>
          </>
        ) : null}
      </div>
    </form>
  );
}

/** Selects a line of a text field, counted from 1, and brings it into sight. */
export function show(field: HTMLTextAreaElement, line: number): void {
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  field.focus({ preventScroll: true });
  field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  // How far down it is depends on how the lines before it are broken: a copy with those alone is as high as that.
  const copy = field.cloneNode() as HTMLTextAreaElement;
  copy.removeAttribute("id");
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", height: "0", minHeight: "0", width: `${field.offsetWidth}px` });
  copy.value = field.value.slice(0, start);
  field.after(copy);
  field.scrollTop = Math.max(0, copy.scrollHeight - field.clientHeight / 3);
  copy.remove();
  field.scrollIntoView({ block: "nearest" });
}
