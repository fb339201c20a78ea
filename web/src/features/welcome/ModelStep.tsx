import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import type { ModelList, ModelView } from "~/api/generated/api";
import { models, tryModel } from "~/api/models";
import { me, may } from "~/api/session";
import { live } from "~/live/store";
import { count, money } from "~/parts/format";
import { inOrder } from "~/parts/models";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Tried } from "~/parts/Tried";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { WaysToModel } from "~/parts/WaysToModel";
import styles from "./Welcome.module.css";

/** How many are shown here. */
const SHOWN = 5;

/** Which models are called, each tried with one word; or how one gets there. */
export function ModelStep() {
  const { data, error, isFetching, refetch } = useQuery(models);
  useReturn(() => void refetch());
  if (error && !data) return <Trouble problem={error} again={() => void refetch()} />;
  if (!data) return <Waiting what="Loading the models" lines={2} />;
  if (data.items.length > 0) return <Known list={data} />;
  return (
    <>
      <p className={styles.lead}>
        There is none yet. Stop swarm where it runs, and start it again by one of these. Keys are not typed into this page: they stand in the environment of
        swarm, and nowhere else.
      </p>
      <WaysToModel />
      <p className={styles.note}>The shell asks for the key without showing it. This page goes on by itself when swarm is back.</p>
      <span className={styles.buttons}>
        <Button loading={isFetching} onClick={() => void refetch()}>
          Look again
        </Button>
      </span>
    </>
  );
}

function Known({ list }: { list: ModelList }) {
  const { data: who } = useQuery(me);
  const mayTry = may(who, "system:write");
  const ordered = inOrder(list);
  const isPlayed = ordered.every(({ replies }) => replies !== "provider");
  return (
    <>
      <p className={styles.lead}>
        {isPlayed ? "Replies come from a file here, and no model is called. It costs nothing, and what is not in the file is not answered." : null}
        {isPlayed ? null : ordered.length > 1 ? "These are called, in this order. " : "This one is called. "}
        {isPlayed ? null : mayTry ? "Try it: it is really asked, for a few words." : "Who looks after the system can try it."}
      </p>
      <ul className={`${lists.rows} ${styles.list}`}>
        {ordered.slice(0, SHOWN).map((model) => (
          <Model key={model.name} model={model} mayTry={mayTry} />
        ))}
      </ul>
      {ordered.length > SHOWN ? <p className={styles.note}>And {count(ordered.length - SHOWN)} more.</p> : null}
      <details className={styles.more}>
        <summary>Another model</summary>
        <p className={styles.note}>
          Stop swarm where it runs, and start it again by one of these. Keys are not typed into this page: they stand in the environment of swarm, and nowhere
          else.
        </p>
        <WaysToModel />
      </details>
    </>
  );
}

function Model({ model, mayTry }: { model: ModelView; mayTry: boolean }) {
  const { name, breaker, price, context_tokens, replies, played } = model;
  const attempt = useMutation({ mutationFn: () => tryModel(name) });
  return (
    <li>
      <span>
        <span className={lists.title}>{name}</span>
        <span className={lists.about}>
          {breaker === "open" ? <StateMark state="failed" label="Rests: it failed too often" /> : null}
          {breaker === "half_open" ? <StateMark state="waiting" label="Is tried with one call" /> : null}
          {replies === "recording" ? <span>played back from a recording{played ? <> of <time dateTime={played.date}>{played.date}</time></> : null}</span> : null}
          {replies === "script" ? <span>answers by a script</span> : null}
          {replies === "provider" ? (
            <span>{price ? `${money(price.input)} in, ${money(price.output)} out for a million tokens` : "its price is not known"}</span>
          ) : null}
          <span>{count(context_tokens)} tokens of context</span>
        </span>
      </span>
      {mayTry ? (
        <Button size="xs" loading={attempt.isPending} onClick={() => attempt.mutate()}>
          {attempt.isIdle ? "Try it" : "Try again"}
          <span className="only-heard"> {name}</span>
        </Button>
      ) : null}
      {attempt.isSuccess ? (
        <div data-wide>
          <Tried check={attempt.data} />
        </div>
      ) : null}
      {attempt.isError ? (
        <div data-wide>
          <Trouble problem={attempt.error} />
        </div>
      ) : null}
    </li>
  );
}

/** Calls back when the server is there again: a swarm that was started anew may know other models. */
function useReturn(act: () => void): void {
  const { phase } = useSyncExternalStore(live.subscribe, live.link, live.link);
  const wasCut = useRef(false);
  useEffect(() => {
    if (phase === "closed") wasCut.current = true;
    if (phase !== "open" || !wasCut.current) return;
    wasCut.current = false;
    act();
  }, [phase, act]);
}
