import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type DragEvent, useRef, useState } from "react";
import { begin, example, makeProject, read } from "~/api/begin";
import { useDraft } from "~/api/drafts";
import type { Project } from "~/api/generated/api";
import { missing } from "~/api/wish";
import { ask, isIdea, NEW, saidOf, type Words } from "~/api/words";
import { grows } from "~/parts/grows";
import { Trouble } from "~/parts/Trouble";
import styles from "./Home.module.css";

/** The largest spec that the server reads, in bytes. */
const LARGEST = 1 << 20;

interface Props {
  known: readonly Project[];
  /** Whether nothing was ever run here. */
  first: boolean;
}

/** The one box: what is to be built, pasted, typed, or dropped as a file. It shows a plan and a price before anything runs. */
export function Start({ known, first }: Props) {
  const [router, queries] = [useRouter(), useQueryClient()];
  const [text, setText] = useState("");
  const [project, setProject] = useState(known.length === 1 ? (known[0]?.id ?? "") : "");
  const [repo, setRepo] = useState("");
  const [tried, setTried] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const isNew = project !== "" && known.every(({ id }) => id !== project);
  const open = text !== "";
  const wish = { project, repo: isNew ? repo : undefined, text };
  const lacks = tried ? missing(wish) : {};
  const start = useMutation({
    mutationFn: () => begin(wish),
    onSuccess: (plan) => router.navigate({ to: "/plans/$plan", params: { plan } }),
    // What was begun before something went wrong is there.
    onSettled: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });
  const design = useMutation({
    mutationFn: () => read(wish),
    onSuccess: (spec) => router.navigate({ to: "/design/$spec", params: { spec }, search: {} }),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: ["projects"] }), queries.invalidateQueries({ queryKey: ["specs"], exact: true })]),
  });
  // Words that are no spec yet are written down as one, together with what is there of it.
  const [spec] = useDraft<string>(NEW);
  const [said, setSaid] = useDraft<Words>(saidOf(NEW));
  const say = useMutation({
    mutationFn: async () => {
      await makeProject(wish);
      const [before, turns] = [spec?.value ?? "", said?.value.turns ?? []];
      const survey = await ask(project, before, turns, text.trim());
      setSaid({ project, turns: [...turns, { by: "person", text: text.trim() }], waiting: { survey, text: before } });
    },
    onSuccess: () => router.navigate({ to: "/design" }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });
  const isBusy = start.isPending || design.isPending || say.isPending;
  const idea = isIdea(text);
  const go = (does: { mutate: () => void }) => {
    setTried(true);
    if (Object.keys(missing(wish)).length === 0 && !isBusy) does.mutate();
  };
  const take = async (given: File | undefined) => {
    if (given && given.size <= LARGEST) setText(await given.text());
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  return (
    <section className={styles.start} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(idea ? say : start);
        }}
      >
        <Textarea
          aria-label="What should be built"
          placeholder="What should be built? Say it, paste a spec in Markdown, or drop a file"
          autosize={!grows}
          data-tall={first || undefined}
          minRows={first ? 4 : 2}
          maxRows={18}
          value={text}
          error={lacks.text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {open ? (
          <div className={styles.where}>
            <TextInput
              label="Project"
              description="A known one, or a new name"
              list="known-projects"
              autoComplete="off"
              value={project}
              error={lacks.project}
              onChange={(event) => setProject(event.currentTarget.value)}
            />
            <datalist id="known-projects">
              {known.map(({ id }) => (
                <option key={id} value={id} />
              ))}
            </datalist>
            {isNew ? (
              <TextInput
                label="Its repository"
                description="The folder of a git repository on the server's machine. Your branches stay as they are"
                placeholder="/home/you/src/app"
                value={repo}
                error={lacks.repo}
                spellCheck={false}
                onChange={(event) => setRepo(event.currentTarget.value)}
              />
            ) : null}
          </div>
        ) : null}
        {start.isError || design.isError || say.isError ? <Trouble problem={start.error ?? design.error ?? say.error} /> : null}
        <div className={styles.go}>
          <p>{idea ? "A model writes it down as requirements, for you to read and change." : open ? "Nothing is built before you have seen the plan and its price." : null}</p>
          <input
            ref={file}
            type="file"
            accept=".md,.markdown,.txt,text/markdown,text/plain"
            hidden
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
          {idea ? null : open ? (
            <Button loading={design.isPending} onClick={() => go(design)}>
              Work on the spec first
            </Button>
          ) : (
            <>
              <Button variant="default" onClick={() => void example().then(setText)}>
                Take the example
              </Button>
              <Button onClick={() => file.current?.click()}>Choose a file</Button>
            </>
          )}
          <Button type="submit" variant="filled" loading={start.isPending || say.isPending}>
            {idea ? "Write a spec" : "Make a plan"}
          </Button>
        </div>
      </form>
    </section>
  );
}
