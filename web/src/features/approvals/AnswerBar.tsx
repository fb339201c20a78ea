import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useId, useState } from "react";
import { useOutbox } from "~/api/outbox";
import { me, may } from "~/api/session";
import { isTyping } from "~/app/shell/keys";
import { ACTIONS, effect, turnedDown } from "~/parts/answers";
import { Danger } from "~/parts/Danger";
import { Trouble } from "~/parts/Trouble";
import { Unsent } from "~/parts/Unsent";
import { useAnswering } from "~/parts/useAnswering";
import styles from "./AnswerBar.module.css";
import { EditPlan } from "./EditPlan";
import { plural } from "~/parts/format";
import { characters, composed, MOST_WORDS } from "~/parts/remarks";
import { useRemarks } from "~/parts/useRemarks";
import type { HumanResponse, InterruptDetail } from "./types";

type Mode = "ask" | "reject" | "edit";

/** The answers that are taken, each with what follows from it. What was decided meanwhile is said, never overwritten. */
export function AnswerBar({ detail }: { detail: InterruptDetail }) {
  const { summary, interrupt } = detail;
  const { allow_accept, allow_edit, allow_ignore, allow_respond } = interrupt.request.config;
  const { data: who } = useQuery(me);
  const [mode, setMode] = useState<Mode>("ask");
  const unsent = useOutbox().find(({ id }) => id === summary.id);
  const respond = useAnswering(summary.id);
  const remarks = useRemarks(summary.id);
  const mayAnswer = may(who, "gates:approve");
  const busy = respond.isPending;
  const accept = useCallback(() => !busy && respond.mutate({ type: "accept" }), [busy, respond]);
  const keys = { a: allow_accept ? accept : undefined, r: () => setMode("reject"), e: allow_edit ? () => setMode("edit") : undefined };
  useLetters(mode === "ask" && mayAnswer && !unsent ? keys : {});

  const words = ACTIONS[summary.kind];
  const more = summary.answers - summary.accepted_by.length > 1;
  return (
    <div className={styles.bar}>
      {respond.isError ? <Trouble problem={respond.error} title="The answer was not taken" /> : null}
      {unsent ? (
        <Unsent unsent={unsent} />
      ) : !mayAnswer ? (
        <p className={styles.effect}>Your role may look and not answer.</p>
      ) : mode === "reject" ? (
        <Reject
          detail={detail}
          busy={busy}
          withWords={allow_respond}
          withoutWords={allow_ignore}
          send={(response) => respond.mutate(response, { onSuccess: remarks.clear })}
          back={() => setMode("ask")}
        />
      ) : mode === "edit" ? (
        <EditPlan detail={detail} busy={busy} send={(response) => respond.mutate(response)} back={() => setMode("ask")} />
      ) : (
        <>
          <p className={styles.effect}>
            {busy ? "Sending…" : effect(summary.kind, "accept", more)}
          </p>
          <div className={styles.buttons}>
            <Button onClick={() => setMode("reject")} disabled={busy} rightSection={<kbd>R</kbd>}>
              {remarks.all.length > 0 ? `${words.turnDown} with ${plural(remarks.all.length, "remark")}` : words.turnDown}
            </Button>
            {allow_edit ? (
              <Button onClick={() => setMode("edit")} disabled={busy} rightSection={<kbd>E</kbd>}>
                Edit
              </Button>
            ) : null}
            <Button variant="filled" loading={busy} onClick={accept} rightSection={<kbd>A</kbd>}>
              {words.accept}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

interface RejectProps {
  detail: InterruptDetail;
  busy: boolean;
  withWords: boolean;
  withoutWords: boolean;
  send: (response: HumanResponse) => void;
  back: () => void;
}

function Reject({ detail: { summary }, busy, withWords, withoutWords, send, back }: RejectProps) {
  const { all: remarks } = useRemarks(summary.id);
  const [words, setWords] = useState("");
  const all = composed(remarks, words);
  const says = all !== "";
  const long = characters(all);
  const ready = !busy && long <= MOST_WORDS && (says ? withWords : withoutWords);
  const form = useId();
  return (
    <form
      id={form}
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) send(turnedDown(all));
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") back();
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
      }}
    >
      <Textarea
        label={summary.kind === "clarification" ? "What it means" : "Why not"}
        description={effect(summary.kind, says ? "words" : "nothing", false)}
        autosize
        minRows={2}
        maxRows={8}
        autoFocus
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      {remarks.length > 0 ? (
        <pre className={styles.remarks} tabIndex={0} aria-label="Remarks that go with it">
          {composed(remarks)}
        </pre>
      ) : null}
      {long > MOST_WORDS ? (
        <p className={styles.effect} role="alert">
          {long.toLocaleString("en-US")} characters are more than the {MOST_WORDS.toLocaleString("en-US")} that the server takes.
        </p>
      ) : null}
      <div className={styles.buttons}>
        <Button onClick={back} disabled={busy}>
          Back
        </Button>
        {summary.kind === "clarification" && says ? (
          <Button type="submit" variant="filled" loading={busy} disabled={!ready}>
            Answer
          </Button>
        ) : (
          <Danger type="submit" loading={busy} disabled={!ready}>
            {remarks.length > 0 ? `Send back with ${plural(remarks.length, "remark")}` : says ? "Reject with this reason" : "Turn down without a reason"}
          </Danger>
        )}
      </div>
    </form>
  );
}

/** Single letters that do something while nobody types. */
function useLetters(keys: Record<string, (() => void) | undefined | false>) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.repeat || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog]")) return;
      const does = keys[event.key];
      if (does) {
        event.preventDefault();
        does();
      }
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  });
}
