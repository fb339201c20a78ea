import { Button } from "@mantine/core";
import { useMutation, useQueries, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { decided, question, waiting } from "~/api/approvals";
import { client, done } from "~/api/client";
import type { InterruptSummary, PullRequest, Run, TicketSummary, Trace } from "~/api/generated/api";
import { useOutbox } from "~/api/outbox";
import { problemOf } from "~/api/problem";
import { me, may } from "~/api/session";
import { run as runQuery, spec, tickets, trace } from "~/api/work";
import { isTyping } from "~/app/shell/keys";
import { turnedDown } from "~/parts/answers";
import { approvalOf, proofs } from "~/parts/evidence";
import { EvidenceMark } from "~/parts/EvidenceMark";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { HunkProof, HunkProofs } from "~/parts/HunkProof";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { Proofs } from "~/parts/Proofs";
import { Prose } from "~/parts/Prose";
import { characters, composed, MOST_WORDS } from "~/parts/remarks";
import { Served } from "~/parts/Served";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Unsent } from "~/parts/Unsent";
import { useAnswering } from "~/parts/useAnswering";
import { useRemarks } from "~/parts/useRemarks";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { history, pullRequest, step } from "./queries";
import styles from "./Review.module.css";
import { madeBy } from "./written";

const Diff = lazy(() => import("~/parts/Diff").then(({ Diff }) => ({ default: Diff })));
const route = getRouteApi("/inside/runs/$run/review");

/** What a run offers, ticket by ticket: the change, what it serves, what proves that, and who agreed. */
export function Review() {
  const { run: id } = route.useParams();
  const { ticket: wanted } = route.useSearch();
  const run = useQuery(runQuery(id));
  const of = useQuery({ ...spec(run.data?.spec ?? ""), enabled: run.data !== undefined });
  const list = useQuery(tickets(id));
  const traced = useQuery(trace(id));
  const offered = useQuery(pullRequest(id));
  const [asked, over] = [useQuery(waiting), useQuery(decided)];
  const questions = [...(asked.data?.items ?? []), ...(over.data?.items ?? [])];
  const items = inOrder(list.data?.items ?? []);
  const open = items.find((item) => item.id === wanted) ?? (wanted === undefined ? items[0] : undefined);
  useMoving(id, items, open);
  const error = run.error ?? list.error ?? traced.error;
  const above = (
    <>
      <Link to="/runs">Runs</Link> /{" "}
      <Link to="/runs/$run" params={{ run: id }}>
        {of.data?.spec.title ?? "Run"}
      </Link>
    </>
  );
  if (!run.data || !list.data || !traced.data) {
    return (
      <Page title="Review" above={above}>
        {error ? (
          <Trouble problem={error} again={() => void Promise.all([run.refetch(), list.refetch(), traced.refetch()])} />
        ) : (
          <Waiting what="Loading the review" lines={6} />
        )}
      </Page>
    );
  }
  return (
    <Page
      wide
      title={offered.data?.title ?? "Review"}
      above={above}
      about={<About run={run.data} offered={offered.data} error={offered.error} />}
      actions={items.length > 0 ? <Export name={`review-${id}`} rows={() => items.map((item) => rowOf(item, traced.data, questions))} /> : null}
    >
      {items.length === 0 ? (
        <Nothing title="No ticket has begun">
          <p>Their changes appear here as soon as the plan is carried out.</p>
        </Nothing>
      ) : (
        <div className={styles.split}>
          <nav className={styles.side} aria-label="Tickets">
            <ol>
              {items.map((item) => (
                <li key={item.id}>
                  <Link
                    to="/runs/$run/review"
                    params={{ run: id }}
                    search={{ ticket: item.id }}
                    replace
                    resetScroll={false}
                    className={styles.item}
                    data-on={item.id === open?.id || undefined}
                    aria-current={item.id === open?.id ? "true" : undefined}
                  >
                    <span className={styles.title}>{item.title}</span>
                    <span className={styles.facts}>
                      <StateMark state={item.state.state} />
                      <code>{item.id}</code>
                    </span>
                  </Link>
                </li>
              ))}
            </ol>
          </nav>
          <section className={styles.detail} aria-label="The ticket">
            {open ? <Part key={open.id} item={open} run={run.data} traced={traced.data} asked={approvalOf(questions, id, open.id)} /> : <Nothing title="There is no such ticket in this run" />}
          </section>
        </div>
      )}
    </Page>
  );
}

/** What is not merged yet, for something may still be done about it; then what was, in that order. */
function inOrder(items: readonly TicketSummary[]): TicketSummary[] {
  return [...items].sort((a, b) => (a.merged_at ?? "").localeCompare(b.merged_at ?? ""));
}

/** J and K go from ticket to ticket. */
function useMoving(run: string, items: readonly TicketSummary[], open: TicketSummary | undefined) {
  const navigate = useNavigate();
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key !== "j" && event.key !== "k") return;
      const to = items[items.findIndex(({ id }) => id === open?.id) + (event.key === "j" ? 1 : -1)];
      if (to) void navigate({ to: "/runs/$run/review", params: { run }, search: { ticket: to.id }, replace: true, resetScroll: false });
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [navigate, run, items, open]);
}

function About({ run, offered, error }: { run: Run; offered: PullRequest | undefined; error: unknown }) {
  return (
    <span className={styles.about}>
      <StateMark state={run.state.state} />
      {run.branch ? (
        <span>
          <code>{run.branch}</code>
          {run.base_branch ? (
            <>
              {" "}
              into <code>{run.base_branch}</code>
            </>
          ) : null}
        </span>
      ) : null}
      {offered ? (
        <>
          <span>
            <code title={offered.head}>{offered.head.slice(0, 10)}</code>
          </span>
          <span>
            opened <When at={offered.opened_at} />
          </span>
          <Link to="/runs/$run" params={{ run: run.id }} search={{ view: "result" }}>
            Its text
          </Link>
        </>
      ) : error && problemOf(error).status !== 404 ? (
        <span>the pull request cannot be read</span>
      ) : error ? (
        <span>no pull request yet</span>
      ) : null}
    </span>
  );
}

interface PartProps {
  item: TicketSummary;
  run: Run;
  traced: Trace;
  asked: InterruptSummary | undefined;
}

function Part({ item, run, traced, asked }: PartProps) {
  const serves = traced.requirements.filter(({ tickets }) => tickets.some(({ id }) => id === item.id));
  return (
    <>
      <header className={styles.head}>
        <h2>{item.title}</h2>
        <p className={styles.facts}>
          <StateMark state={item.state.state} />
          <Link to="/runs/$run/tickets/$ticket" params={{ run: run.id, ticket: item.id }}>
            {item.id}
          </Link>
          {item.merged ? (
            <span>
              merged as <code title={item.merged}>{item.merged.slice(0, 10)}</code>
            </span>
          ) : null}
          {item.agent ? <span>by {item.agent}</span> : null}
          <span>{plural(item.attempts, "attempt")}</span>
          <Link to="/runs/$run" params={{ run: run.id }} search={{ view: "steps", ticket: item.id }}>
            Its steps
          </Link>
        </p>
      </header>
      <Back item={item} run={run} asked={asked} />
      <div className={styles.serves}>
        {serves.length === 0 ? <p className={styles.note}>It serves no requirement of the spec.</p> : null}
        {serves.map((one) => {
          const proven = proofs(one, traced.head);
          return (
            <details key={one.requirement.id}>
              <summary>
                <EvidenceMark evidence={one.evidence} />
                <span>
                  <code>{one.requirement.id}</code> {one.requirement.title}
                </span>
                <span className={styles.count}>
                  {proven.filter(({ check }) => check?.passed).length} of {plural(proven.length, "command")} {proven.length === 1 ? "holds" : "hold"}
                </span>
              </summary>
              <Prose text={one.requirement.text} />
              <Proofs proofs={proven} />
            </details>
          );
        })}
      </div>
      <Change item={item} run={run} asked={asked} serves={serves} />
    </>
  );
}

/** What can go back to an agent as work, where that is possible. */
function Back({ item, run, asked }: Omit<PartProps, "traced">) {
  const { data: who } = useQuery(me);
  const retry = useMutation({
    mutationFn: () => done(client.POST("/api/runs/{run}/tickets/{ticket}/retry", { params: { path: { run: run.id, ticket: item.id } }, body: {} })),
  });
  if (asked?.state === "waiting") return <Asks asked={asked} />;
  const state = item.state.state;
  const mayRetry = may(who, "runs:write") && run.state.state !== "running" && (state === "needs_person" || state === "cancelled");
  if (!mayRetry) return asked?.decided ? <p className={styles.note}>{asked.decided}</p> : null;
  return (
    <div className={styles.asks}>
      {item.state.state === "needs_person" ? <p>{item.state.problem.detail}</p> : null}
      <Button size="xs" variant="filled" loading={retry.isPending} onClick={() => retry.mutate()}>
        Try it again
      </Button>
      {retry.isError ? <Trouble problem={retry.error} /> : null}
    </div>
  );
}

/** Its change waits for an answer; what was remarked on its lines is one. */
function Asks({ asked }: { asked: InterruptSummary }) {
  const { data: who } = useQuery(me);
  const { all, clear } = useRemarks(asked.id);
  const unsent = useOutbox().find(({ id }) => id === asked.id);
  const respond = useAnswering(asked.id);
  const words = composed(all);
  const long = characters(words) > MOST_WORDS;
  if (unsent) return <Unsent unsent={unsent} />;
  return (
    <div className={styles.asks}>
      <p>
        Its change waits for an answer. With words of yours it goes back to its agent.{" "}
        <Link to="/approvals/$interrupt" params={{ interrupt: asked.id }}>
          Answer it
        </Link>
      </p>
      {all.length > 0 && may(who, "gates:approve") ? (
        <>
          <Button size="xs" variant="filled" loading={respond.isPending} disabled={long} onClick={() => respond.mutate(turnedDown(words), { onSuccess: clear })}>
            Send {plural(all.length, "remark")} back
          </Button>
          {long ? <p role="alert">They are longer than the {MOST_WORDS.toLocaleString("en-US")} characters that the server takes.</p> : null}
        </>
      ) : null}
      {respond.isError ? <Trouble problem={respond.error} title="The remarks were not taken" /> : null}
    </div>
  );
}

/** The most writes of an attempt that are read to show what it made. */
const WRITES = 60;

/** What the last attempt at a ticket wrote, where that can be told from its steps. */
function useMade(run: string, ticket: string): { isPending: boolean; text: string | undefined } {
  const { data, isPending } = useQuery(history(run));
  const events = (data?.events ?? []).filter(({ subject }) => subject.ticket === ticket);
  const attempt = events.findLast(({ body }) => body.type === "attempt_started")?.subject.attempt;
  const wrote = events.filter(({ body, subject }) => subject.attempt === attempt && body.type === "tool_called" && body.ok && (body.tool === "write" || body.tool === "edit"));
  const asked = wrote.length <= WRITES ? wrote : [];
  const steps = useQueries({ queries: asked.map(({ seq }) => step(run, seq)) });
  if (isPending || steps.some((one) => one.isPending)) return { isPending: true, text: undefined };
  return { isPending: false, text: steps.every(({ data }) => data) ? madeBy(steps.map(({ data }) => data?.text ?? "")) : undefined };
}

/** The change where nobody was asked about it: the log has no diff of it then, but what its agent wrote. */
function Unasked({ item, run }: Pick<PartProps, "item" | "run">) {
  const { isPending, text } = useMade(run.id, item.id);
  const command = item.merged ? `git show ${item.merged.slice(0, 12)}` : `git log ${run.branch ?? "--all"}`;
  if (isPending) return <Waiting what="Loading what was written" lines={5} />;
  if (text) {
    return (
      <>
        <p className={styles.note}>
          No rule asks people about changes like this one. These are the files as its agent wrote them; <code>{command}</code> says what git has.
        </p>
        <Suspense fallback={<Waiting what="Loading what was written" lines={5} />}>
          <Diff text={text} />
        </Suspense>
      </>
    );
  }
  return (
    <Nothing title="The change is in git only">
      <p>No rule asks people about changes like this one, so its text is not kept here. In the repository:</p>
      <p>
        <code>{command}</code>
      </p>
      <p>
        <Link to="/runs/$run" params={{ run: run.id }} search={{ view: "steps", ticket: item.id }}>
          See what was written, step by step
        </Link>
      </p>
    </Nothing>
  );
}

/** The change as it was put before people. */
function Change({ item, run, asked, serves }: Omit<PartProps, "traced"> & { serves: Trace["requirements"] }) {
  const { data: who } = useQuery(me);
  const remarks = useRemarks(asked?.id ?? "");
  const { data, error, refetch } = useQuery({ ...question(asked?.id ?? ""), enabled: asked !== undefined });
  if (!asked) {
    if (item.attempts === 0) return <p className={styles.note}>Nobody has begun with it yet.</p>;
    return <Unasked item={item} run={run} />;
  }
  if (!data) return error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading the change" lines={5} />;
  if (!data.text) return <p className={styles.note}>Its text is no longer kept.</p>;
  const { evidence } = data;
  const mayRemark = data.summary.state === "waiting" && data.interrupt.request.config.allow_respond && may(who, "gates:approve");
  return (
    <Suspense fallback={<Waiting what="Loading the change" lines={5} />}>
      {evidence ? <HunkProofs evidence={evidence} /> : null}
      <Diff
        text={data.text}
        remarks={mayRemark ? remarks : undefined}
        about={(path) => <Served path={path} serves={serves} commit={data.interrupt.commit} />}
        proof={evidence ? (place) => <HunkProof place={place} evidence={evidence} serves={serves} /> : undefined}
      />
    </Suspense>
  );
}

function rowOf(item: TicketSummary, traced: Trace, questions: readonly InterruptSummary[]) {
  const serves = traced.requirements.filter(({ tickets }) => tickets.some(({ id }) => id === item.id));
  const approval = approvalOf(questions, traced.run, item.id);
  return {
    ticket: item.id,
    title: item.title,
    state: item.state.state,
    requirements: item.requirements.join(" "),
    proven: serves.filter(({ evidence }) => evidence === "proven").length,
    of: serves.length,
    merged: item.merged ?? "",
    merged_at: item.merged_at ?? "",
    approval: approval?.state ?? "",
    decided: approval?.decided ?? "",
  };
}
