import { Button, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { useDraft } from "~/api/drafts";
import type { Drafted } from "~/api/generated/api";
import { Problem } from "~/api/problem";
import { me, may } from "~/api/session";
import { ask, EDITS, saidOf, type Turn, type Words } from "~/api/words";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { survey } from "./queries";
import styles from "./Talk.module.css";

/** The most characters that the server reads of what is said at once. */
const MOST = 8_000;

interface Props {
  /** Under which name the text that is not saved is kept: the answer goes there. */
  name: string;
  /** The text as it was saved; empty of a new spec. */
  source: string;
  project: string | undefined;
  /** Before anything is sent; throws what is missing. */
  before?: () => Promise<void>;
}

/** A conversation: somebody says what they want, and a model puts it into the text. Nothing is saved by it. */
export function Writer({ name, source, project, before }: Props) {
  const { data: who } = useQuery(me);
  const queries = useQueryClient();
  const [draft, setDraft] = useDraft<string>(name);
  const [kept, setKept] = useDraft<Words>(saidOf(name));
  const [words, setWords] = useState("");
  const help = useId();
  const end = useRef<HTMLLIElement>(null);
  const text = draft?.value ?? source;
  const turns = kept?.value.turns ?? [];
  const waiting = kept?.value.waiting;
  const found = useQuery({ ...survey(waiting?.survey ?? ""), enabled: waiting !== undefined });
  const outcome = found.data?.outcome;
  const write = (next: string) => setDraft(next === source ? undefined : next);

  const send = useMutation({
    mutationFn: async (said: string) => {
      await before?.();
      return ask(project ?? "", text, turns, said);
    },
    onSuccess: (id, said) => {
      setKept({ project, turns: [...turns, { by: "person", text: said }], waiting: { survey: id, text } });
      setWords("");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["projects"] }),
  });

  useEffect(() => {
    if (!waiting || !outcome) return;
    const drafted = found.data?.drafted;
    const turn: Turn = drafted ? answered(drafted, waiting.text) : { by: "writer", text: "", failed: outcome.outcome === "failed" ? outcome.problem : undefined };
    setKept({ project: kept?.value.project, turns: [...turns, turn] });
    // What somebody wrote while it was being answered is theirs: the answer waits to be taken.
    if (drafted && text === waiting.text) write(drafted.text);
  });
  useEffect(() => {
    // In new browsers it gives a promise, which is nothing to clean up by.
    void end.current?.scrollIntoView({ block: "nearest" });
  }, [turns.length, waiting]);

  if (!may(who, "specs:write")) return <p>Your role may read the spec and not change it.</p>;
  const said = words.trim();
  const busy = send.isPending || waiting !== undefined;
  const last = turns.at(-1);
  return (
    <section className={styles.writer} aria-label="Say what you want">
      {turns.length > 0 || waiting ? (
        <ol className={styles.talk} aria-label="What was said" tabIndex={0}>
          {turns.map((turn, at) => (
            // Turns are never reordered.
            // eslint-disable-next-line react/no-array-index-key
            <li key={at} className={styles.turn} ref={at === turns.length - 1 ? end : undefined}>
              <Spoken turn={turn} />
              {turn === last && turn.drafted !== undefined && turn.before !== undefined && turn.drafted !== turn.before ? (
                text === turn.drafted ? (
                  <p className={styles.note}>
                    It is in the text, and not saved.{" "}
                    <button type="button" className={styles.undo} onClick={() => write(turn.before ?? source)}>
                      Undo this answer
                    </button>
                  </p>
                ) : text === turn.before ? (
                  <p className={styles.note}>
                    Taken back.{" "}
                    <button type="button" className={styles.undo} onClick={() => write(turn.drafted ?? source)}>
                      Put it in again
                    </button>
                  </p>
                ) : null
              ) : null}
            </li>
          ))}
          {waiting ? (
            <li className={styles.turn}>
              {found.error ? <Trouble problem={found.error} again={() => void found.refetch()} title="The answer cannot be read" /> : <Waiting what="Writing it down" lines={2} />}
            </li>
          ) : null}
        </ol>
      ) : null}
      <form
        className={styles.saying}
        onSubmit={(event) => {
          event.preventDefault();
          if (said !== "" && !busy) send.mutate(said);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
        }}
      >
        {send.isError ? <Trouble problem={send.error} title="It was not sent" /> : null}
        <Textarea
          label={turns.length === 0 ? "Say what you want" : "Say more"}
          aria-describedby={help}
          placeholder={turns.length === 0 ? "A tool that counts the words of a file" : "Ties are settled by the alphabet"}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={MOST}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <div className={styles.buttons}>
          <p id={help}>A model puts it into the text as requirements, for you to read. It costs what a call costs.</p>
          {turns.length > 0 && !busy ? <Button onClick={() => setKept(undefined)}>Begin anew</Button> : null}
          <Button type="submit" variant={said === "" ? "default" : "filled"} loading={busy} disabled={said === ""}>
            Write it down
          </Button>
        </div>
      </form>
    </section>
  );
}

function answered(drafted: Drafted, before: string): Turn {
  const { reply, questions, edits, left_out, text, model } = drafted;
  return { by: "writer", text: reply, questions, edits, left_out, model, before, drafted: text };
}

function Spoken({ turn }: { turn: Turn }) {
  if (turn.by === "person") {
    return (
      <div className={styles.says}>
        <p className={styles.words}>{turn.text}</p>
      </div>
    );
  }
  if (turn.failed) {
    return <Trouble problem={new Problem({ status: -1, ...turn.failed })} title="It was not written down" />;
  }
  return (
    <div className={styles.asks}>
      {turn.text ? <p className={styles.words}>{turn.text}</p> : null}
      {turn.edits?.length ? (
        <ul className={styles.edits}>
          {turn.edits.map(({ edit, id, title, proven }) => (
            <li key={`${edit} ${id}`}>
              <span>{EDITS[edit]}</span> <b>{id}</b> {title}
              {edit === "removed" || proven ? null : <em> without an example yet</em>}
            </li>
          ))}
        </ul>
      ) : null}
      {turn.left_out?.length ? (
        <ul className={styles.edits}>
          {turn.left_out.map(({ what, why }) => (
            <li key={what}>
              <span>Left out</span> {what}: {why}
            </li>
          ))}
        </ul>
      ) : null}
      {turn.questions?.length ? (
        <ul className={styles.questions} aria-label="To be answered first">
          {turn.questions.map((question) => (
            <li key={question}>{question}</li>
          ))}
        </ul>
      ) : null}
      {turn.model ? <p className={styles.by}>{turn.model}</p> : null}
    </div>
  );
}
