import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import { Button, Modal, Textarea } from "@mantine/core";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { question } from "~/api/approvals";
import { Danger } from "~/parts/Danger";
import { capital, plural, short } from "~/parts/format";
import { title } from "~/parts/question";
import { RiskMark } from "~/parts/RiskMark";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Batch.module.css";
import { type Choice, responseOf, type Weighed, weighed } from "./together";
import { drop, keepAll, send, useOutbox } from "~/api/outbox";
import type { InterruptSummary } from "./types";

interface Props {
  ids: readonly string[];
  choice: Choice;
  close: (answered: boolean) => void;
}

/** Says what one answer to several questions would do, sends it to each by itself, and says what became of each. */
export function Batch({ ids, choice, close }: Props) {
  const queries = useQueryClient();
  const [sent, setSent] = useState<readonly InterruptSummary[]>();
  const answer = useMutation({
    mutationFn: async ({ those, words }: { those: readonly InterruptSummary[]; words: string }) => {
      // Kept before they are sent: a page that is closed meanwhile loses none.
      keepAll(those.map(({ id }) => id), responseOf(choice, words));
      setSent(those);
      // What was under way already may not have seen these.
      await send(queries);
      await send(queries);
      await Promise.all(those.map(({ id }) => queries.invalidateQueries({ queryKey: ["approval", id] })));
    },
  });
  const outbox = useOutbox();
  const end = () => {
    // What was refused was read here; what was not sent stays, and is sent.
    for (const { id } of sent ?? []) if (outbox.some((one) => one.id === id && one.refused)) drop(id);
    close(sent !== undefined);
  };
  return (
    <Modal opened attributes={{ header: { role: "none" } }} onClose={answer.isPending ? () => undefined : end} title={heading(choice, sent?.length)} size="lg">
      {sent ? (
        <Outcome sent={sent} isSending={answer.isPending} end={end} />
      ) : (
        <Ask ids={ids} choice={choice} problem={answer.error} send={(those, words) => answer.mutate({ those, words })} back={() => close(false)} />
      )}
    </Modal>
  );
}

function heading(choice: Choice, sent: number | undefined): string {
  if (sent !== undefined) return `${plural(sent, "answer")}`;
  return choice === "accept" ? "Approve these together" : "Reject these together";
}

interface AskProps {
  ids: readonly string[];
  choice: Choice;
  problem: unknown;
  send: (those: readonly InterruptSummary[], words: string) => void;
  back: () => void;
}

function Ask({ ids, choice, problem, send, back }: AskProps) {
  const [words, setWords] = useState("");
  const [looked, setLooked] = useState(false);
  const [isWithout, setWithout] = useState(false);
  const read = useQueries({ queries: ids.map((id) => question(id)) });
  if (read.some(({ isPending }) => isPending)) return <Waiting what="Loading the questions" lines={Math.min(ids.length, 5)} />;
  const known = read.flatMap(({ data }) => (data ? [data] : []));
  const details = isWithout ? known.filter(({ summary }) => summary.risk !== "high") : known;
  const all = weighed(details, choice, words);
  const { takes, not, high } = all;
  const ready = takes.length > 0 && (high === 0 || looked);
  const unread = ids.length - known.length;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) send(takes.map(({ summary }) => summary), words);
      }}
    >
      {choice === "reject" ? (
        <Textarea label="Why not" description="Said to each of them" autosize minRows={2} maxRows={8} data-autofocus value={words} onChange={(event) => setWords(event.currentTarget.value)} />
      ) : null}
      <Sum weighed={all} />
      {high > 0 ? (
        <div className={styles.high}>
          <p>
            <strong>
              {high === takes.length ? "All of these are" : `${high} of these ${high === 1 ? "is" : "are"}`} of high risk.
            </strong>{" "}
            A wrong answer there does much harm, and is better given one by one.
          </p>
          <label>
            <input type="checkbox" checked={looked} onChange={(event) => setLooked(event.currentTarget.checked)} /> I have looked at each of high risk
          </label>
          {high < takes.length ? (
            <Button size="xs" onClick={() => setWithout(true)}>
              Leave {high === 1 ? "it" : "them"} out
            </Button>
          ) : null}
        </div>
      ) : null}
      {takes.length > 0 ? (
        <ul className={styles.list} aria-label="What follows">
          {takes.map(({ summary, effect }) => (
            <li key={summary.id}>
              <Matter summary={summary} />
              <span className={styles.effect}>
                {effect}
                {summary.blocked.length > 0 ? ` ${plural(summary.blocked.length, "ticket")} ${summary.blocked.length === 1 ? "waits" : "wait"} behind it.` : ""}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {not.length > 0 ? (
        <div>
          <h3>Left out</h3>
          <ul className={styles.list} aria-label="Left out">
            {not.map(({ summary, why }) => (
              <li key={summary.id}>
                <Matter summary={summary} />
                <span className={styles.effect}>{capital(why)}.</span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      {unread > 0 ? <p className={styles.effect}>{plural(unread, "question")} could not be read, and {unread === 1 ? "is" : "are"} left out.</p> : null}
      {problem ? <Trouble problem={problem} title="Nothing was sent" /> : null}
      <div className={styles.buttons}>
        <Button onClick={back}>Back</Button>
        {choice === "accept" ? (
          <Button type="submit" variant="filled" disabled={!ready}>
            Approve {plural(takes.length, "question")}
          </Button>
        ) : (
          <Danger type="submit" disabled={!ready}>
            {words.trim() === "" ? `Turn down ${plural(takes.length, "question")} without a reason` : `Reject ${plural(takes.length, "question")}`}
          </Danger>
        )}
      </div>
    </form>
  );
}

function Sum({ weighed: { takes, behind, risk } }: { weighed: Weighed }) {
  if (takes.length === 0) return <p>None of them takes this answer.</p>;
  return (
    <p className={styles.sum}>
      <span>
        <strong>{plural(takes.length, "question")}</strong>, each answered by itself
      </span>
      <span>
        {plural(behind, "ticket")} {behind === 1 ? "waits" : "wait"} behind {takes.length === 1 ? "it" : "them"}
      </span>
      <span>
        the highest is <RiskMark risk={risk} />
      </span>
    </p>
  );
}

function Matter({ summary }: { summary: InterruptSummary }) {
  return (
    <span className={styles.matter}>
      <strong>{title(summary)}</strong>
      <span>
        {summary.project}, {short(summary.run)}
      </span>
      <RiskMark risk={summary.risk} />
    </span>
  );
}

/** What became of each answer, while it is sent and after. */
function Outcome({ sent, isSending, end }: { sent: readonly InterruptSummary[]; isSending: boolean; end: () => void }) {
  const outbox = useOutbox();
  const read = useQueries({ queries: sent.map(({ id }) => ({ ...question(id), enabled: false })) });
  const of = sent.map((summary, at) => ({ summary, kept: outbox.find(({ id }) => id === summary.id), now: read[at]?.data?.summary }));
  const refused = of.filter(({ kept }) => kept?.refused).length;
  const unsent = of.filter(({ kept }) => kept && !kept.refused).length;
  return (
    <div className={styles.form}>
      <p role="status" className={styles.sum}>
        {isSending ? (
          <span>{sent.length - unsent} of {sent.length} sent…</span>
        ) : (
          <>
            <span>
              <strong>{sent.length - refused - unsent} taken</strong>
            </span>
            {refused > 0 ? <span>{refused} not taken</span> : null}
            {unsent > 0 ? <span>{unsent} kept on this device, and sent once when the server can be reached</span> : null}
          </>
        )}
      </p>
      <ul className={styles.list} aria-label="What became of each">
        {of.map(({ summary, kept, now }) => (
          <li key={summary.id}>
            <Matter summary={summary} />
            <span className={styles.effect}>
              {kept?.refused ? (
                <>
                  <StateMark state="failed" label="Not taken" /> {capital(kept.refused.detail)}. {capital(kept.refused.next)}.
                </>
              ) : kept ? (
                <StateMark state="waiting" label={isSending ? "Being sent" : "Kept on this device"} />
              ) : now && now.state !== "waiting" ? (
                <>
                  <StateMark state={now.state} /> {now.decided ? `${capital(now.decided)}.` : null}
                </>
              ) : (
                <>
                  <StateMark state="accepted" label="Taken" /> Another person must approve it too.
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      <div className={styles.buttons}>
        <Button variant="filled" onClick={end} loading={isSending} data-autofocus>
          Done
        </Button>
      </div>
    </div>
  );
}
