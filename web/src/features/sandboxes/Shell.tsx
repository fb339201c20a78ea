import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { client, done, take } from "~/api/client";
import type { Vm, VmEnded, VmTaken } from "~/api/generated/api";
import { type Problem, problemOf } from "~/api/problem";
import { me, may } from "~/api/session";
import { useNow } from "~/live/store";
import { length } from "~/parts/format";
import { Section } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { lineOf } from "./line";
import styles from "./Sandboxes.module.css";

/** How often a sign of life is given within a lease; as `swarm vm shell` does. */
const SIGNS = 3;
/** As many lines are kept on the screen. */
const KEPT = 50;
/** What says that a sandbox is one's own no more. */
const OVER = ["vm.handed_back", "vm.taken_over", "vm.unknown"];

interface Typed {
  readonly cwd: string;
  readonly text: string;
  readonly answer: VmEnded | Problem;
}

/** One line at a time: beside the agent's commands, or alone while the sandbox is taken over. */
export function Shell({ vm }: { vm: Vm }) {
  const { data: who } = useQuery(me);
  const queries = useQueryClient();
  const held = useHeld(vm.id);
  const [text, setText] = useState("");
  const [cwd, setCwd] = useState("");
  const [typed, setTyped] = useState<readonly Typed[]>([]);
  const field = useRef<HTMLInputElement>(null);
  const token = held.taken?.token ?? null;
  const asked = useRef<AbortController>(undefined);
  const exec = useMutation({
    mutationFn: async ({ command, cwd }: { command: string; cwd: string }) => {
      asked.current = new AbortController();
      return take(client.POST("/api/vms/{vm}/exec", { params: { path: { vm: vm.id } }, body: { command, cwd, token }, signal: asked.current.signal }));
    },
    onError: (thrown) => OVER.includes(problemOf(thrown).code) && held.lose(),
    onSettled: () => queries.invalidateQueries({ queryKey: ["vms"] }),
  });
  // Giving up the request ends the command.
  useEffect(() => () => asked.current?.abort(), []);
  if (!may(who, "runs:write")) return null;
  const isOthers = vm.state === "taken_over" && !held.taken;

  const run = async () => {
    if (exec.isPending) return;
    const line = lineOf(text, cwd);
    if (line.kind === "nothing") return;
    setText("");
    if (line.kind === "leave") return held.taken ? held.end.mutate() : undefined;
    if (line.kind === "enter" && line.cwd === undefined) {
      setTyped((known) => [...known, { cwd, text, answer: problemOf(new Error("that is outside of /work")) }]);
      return;
    }
    const [command, at] = line.kind === "enter" ? ["true", line.cwd ?? ""] : [line.command, cwd];
    try {
      const answer = await exec.mutateAsync({ command, cwd: at });
      if (line.kind === "enter") setCwd(at);
      setTyped((known) => [...known.slice(1 - KEPT), { cwd, text, answer }]);
    } catch (thrown) {
      setTyped((known) => [...known.slice(1 - KEPT), { cwd, text, answer: problemOf(thrown) }]);
    }
    requestAnimationFrame(() => field.current?.focus());
  };

  return (
    <Section title="Run a command" aside={held.taken ? <Left taken={held.taken} since={held.since} /> : undefined}>
      <div className={styles.take} data-taken={held.taken !== undefined || undefined}>
        <p>
          {isOthers
            ? `${vm.taken_by ?? "Somebody"} has it. It is theirs until they hand it back.`
            : held.taken
              ? "It is yours: its work waits until you hand it back. Leaving this page hands it back too."
              : "A line runs between two commands of its work. To have it for yourself, take it over."}
        </p>
        {held.taken ? (
          <Button size="xs" variant="filled" loading={held.end.isPending} onClick={() => held.end.mutate()}>
            Hand it back
          </Button>
        ) : (
          <Button size="xs" disabled={isOthers} loading={held.take.isPending} onClick={() => held.take.mutate()}>
            Take it over
          </Button>
        )}
      </div>
      {held.isLost ? (
        <p className={styles.note} role="status">
          It was handed back: no sign of life came in time, or the time was over.
        </p>
      ) : null}
      {held.take.isError ? <Trouble problem={held.take.error} /> : null}
      {held.end.isError ? <Trouble problem={held.end.error} /> : null}
      {typed.length > 0 ? (
        <ol className={styles.typed} aria-label="What you ran">
          {typed.map((line, at) => (
            <li key={at}>
              <Answered line={line} />
            </li>
          ))}
        </ol>
      ) : null}
      <form
        className={styles.prompt}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <TextInput
          ref={field}
          aria-label="Command"
          leftSection={<code>/work{cwd ? `/${cwd}` : ""} $</code>}
          leftSectionWidth={`${cwd.length + 12}ch`}
          placeholder="ls -l"
          value={text}
          disabled={isOthers}
          readOnly={exec.isPending}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={8_000}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {exec.isPending ? (
          <Button onClick={() => asked.current?.abort()}>End it</Button>
        ) : (
          <Button type="submit" disabled={isOthers || text.trim() === ""}>
            Run
          </Button>
        )}
      </form>
      <p className={styles.note}>Each line runs by itself; only cd is remembered. Who ran what is in the record, with its output.</p>
    </Section>
  );
}

function Answered({ line: { cwd, text, answer } }: { line: Typed }) {
  const output = "stdout" in answer ? [answer.stdout, answer.stderr].filter(Boolean).join("\n") : answer.message;
  const isBad = !("stdout" in answer) || answer.exit_code !== 0;
  return (
    <>
      <p className={styles.typedLine}>
        <code>
          /work{cwd ? `/${cwd}` : ""} $ {text}
        </code>
        <span data-bad={isBad || undefined}>{"stdout" in answer ? `${answer.ended}, ${length(answer.millis)}` : answer.code}</span>
      </p>
      {output.trim() === "" ? null : (
        <pre className={styles.said} tabIndex={0} aria-label={`What ${text} said`}>
          {output}
        </pre>
      )}
    </>
  );
}

function Left({ taken, since }: { taken: VmTaken; since: number }) {
  const now = useNow();
  return <span>yours for {length(Math.max(0, taken.left_seconds * 1_000 - (now - since)))} at the most</span>;
}

/** A sandbox that is taken over: signs of life while the page is open, and handed back when it is left. */
function useHeld(vm: string) {
  const queries = useQueryClient();
  const [held, setHeld] = useState<{ taken: VmTaken; since: number }>();
  const [isLost, setLost] = useState(false);
  // A token that is over already, and that nobody has to end any more.
  const over = useRef<string>(undefined);
  const onSettled = () => queries.invalidateQueries({ queryKey: ["vms"] });
  const path = { vm };
  const take_over = useMutation({
    mutationFn: async () => take(client.POST("/api/vms/{vm}/takeover", { params: { path } })),
    onSuccess: (taken) => {
      over.current = undefined;
      setLost(false);
      setHeld({ taken, since: Date.now() });
    },
    onSettled,
  });
  const token = held?.taken.token;
  const drop = () => {
    over.current = token;
    setHeld(undefined);
  };
  const lose = () => {
    drop();
    setLost(true);
  };
  const end = useMutation({
    mutationFn: async () => {
      if (token) await done(client.POST("/api/vms/{vm}/takeover/end", { params: { path }, body: { token } }));
    },
    onSuccess: drop,
    onError: (thrown) => OVER.includes(problemOf(thrown).code) && drop(),
    onSettled,
  });
  const lease = held?.taken.lease_seconds ?? 0;
  useEffect(() => {
    if (token === undefined) return undefined;
    const sign = () =>
      void take(client.POST("/api/vms/{vm}/takeover/renew", { params: { path: { vm } }, body: { token } })).catch((thrown: unknown) => {
        // The server may be back before the lease runs out.
        if (!OVER.includes(problemOf(thrown).code)) return;
        over.current = token;
        setHeld(undefined);
        setLost(true);
      });
    const timer = setInterval(sign, Math.max(1_000, (lease * 1_000) / SIGNS));
    const leave = () => {
      if (over.current === token) return;
      over.current = token;
      void client.POST("/api/vms/{vm}/takeover/end", { params: { path: { vm } }, body: { token }, keepalive: true }).catch(() => undefined);
    };
    addEventListener("pagehide", leave);
    return () => {
      clearInterval(timer);
      removeEventListener("pagehide", leave);
      leave();
    };
  }, [token, vm, lease]);
  return {
    taken: held?.taken,
    since: held?.since ?? 0,
    isLost,
    take: take_over,
    end,
    lose,
  };
}
