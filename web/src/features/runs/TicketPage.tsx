import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client, done } from "~/api/client";
import type { Attempt, AttemptSteps, Check, FindingEntry, TicketDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { run as runQuery, spec } from "~/api/work";
import { capital, count, length, money, plural, words } from "~/parts/format";
import { output } from "~/parts/output";
import { Page, Section } from "~/parts/Page";
import { Prose } from "~/parts/Prose";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { ticket } from "./queries";
import styles from "./TicketPage.module.css";
import { Timeline } from "./Timeline";

const route = getRouteApi("/inside/runs/$run/tickets/$ticket");

/** One ticket of a run: what it must do, who tried, what each step cost, and what was found. */
export function TicketPage() {
  const { run, ticket: id } = route.useParams();
  const { data, error, refetch } = useQuery(ticket(run, id));
  const above = <Above run={run} />;
  if (!data) {
    return (
      <Page title={id} above={above}>
        {error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading the ticket" lines={6} />}
      </Page>
    );
  }
  const { summary, ticket: wanted } = data;
  return (
    <Page title={summary.title} above={above} about={<About detail={data} />} actions={<Actions detail={data} />}>
      {summary.state.state === "needs_person" ? (
        <div className={styles.needs}>
          <p>
            <strong>{summary.state.problem.detail}</strong>
          </p>
          <p>{summary.state.problem.next}</p>
        </div>
      ) : null}
      <Section title="What it must do">
        <Prose text={wanted.description} />
        <ul className={styles.commands}>
          {wanted.acceptance.map(({ check, requirement }, at) => (
            <li key={at}>
              <span>{requirement}</span> <code>{check.command}</code>
            </li>
          ))}
        </ul>
      </Section>
      {data.findings.length > 0 ? (
        <Section title="What was found" aside={plural(data.findings.length, "finding")}>
          <ul className={styles.findings}>
            {data.findings.map((finding, at) => (
              <Found key={at} entry={finding} />
            ))}
          </ul>
        </Section>
      ) : null}
      <Section title="Attempts" aside={plural(data.attempts.length, "attempt")}>
        {data.attempts.length === 0 ? <p className={styles.none}>Nobody has begun yet.</p> : null}
        <ol className={styles.attempts}>
          {[...data.attempts].reverse().map((attempt) => (
            <Tried
              key={attempt.id}
              attempt={attempt}
              steps={data.steps.find((steps) => steps.attempt === attempt.id)}
              checks={data.checks.filter((check) => check.attempt === attempt.id)}
            />
          ))}
        </ol>
      </Section>
      <Section title="What happened">
        <Timeline run={run} ticket={id} />
      </Section>
    </Page>
  );
}

function Above({ run }: { run: string }) {
  const { data } = useQuery(runQuery(run));
  const of = useQuery({ ...spec(data?.spec ?? ""), enabled: data !== undefined });
  return (
    <>
      <Link to="/runs">Runs</Link> /{" "}
      <Link to="/runs/$run" params={{ run }}>
        {of.data?.spec.title ?? "Run"}
      </Link>
    </>
  );
}

function About({ detail: { summary, ticket } }: { detail: TicketDetail }) {
  return (
    <span className={styles.facts}>
      <StateMark state={summary.state.state} />
      <code>{summary.id}</code>
      <span>{summary.requirements.join(", ")}</span>
      <span>{money(summary.spend.usd)}</span>
      <span>{plural(summary.spend.calls, "call")}</span>
      {ticket.depends_on.length > 0 ? <span>after {ticket.depends_on.map(({ on }) => on).join(", ")}</span> : null}
    </span>
  );
}

function Actions({ detail: { summary } }: { detail: TicketDetail }) {
  const { data: who } = useQuery(me);
  const { run, id: ticketId, state } = summary;
  const path = { run, ticket: ticketId };
  const retry = useMutation({
    mutationFn: () => done(client.POST("/api/runs/{run}/tickets/{ticket}/retry", { params: { path }, body: {} })),
  });
  if (!may(who, "runs:write")) return null;
  const mayRetry = state.state === "needs_person" || state.state === "cancelled";
  if (!mayRetry) return null;
  return (
    <>
      <Button variant="filled" loading={retry.isPending} onClick={() => retry.mutate()}>
        Try it again
      </Button>
      {retry.isError ? <Trouble problem={retry.error} /> : null}
    </>
  );
}

function Found({ entry: { finding, at, attempt } }: { entry: FindingEntry }) {
  return (
    <li>
      <p>
        <b>{capital(words(finding.code))}</b> {finding.detail}
      </p>
      {finding.evidence ? (
        <pre className={styles.output} tabIndex={0}>
          {finding.evidence}
        </pre>
      ) : null}
      <p className={styles.hint}>
        {finding.hint} <When at={at} />
        {attempt ? `, ${attempt}` : ""}
      </p>
    </li>
  );
}

const ENDS = { accepted: "accepted", rejected: "sent back", failed: "failed" } as const;

function Tried({ attempt, steps, checks }: { attempt: Attempt; steps: AttemptSteps | undefined; checks: readonly Check[] }) {
  const { outcome } = attempt;
  const took = attempt.finished_at ? Date.parse(attempt.finished_at) - Date.parse(attempt.started_at) : undefined;
  return (
    <li className={styles.attempt}>
      <header>
        <strong>Attempt {attempt.number}</strong>
        <span>{attempt.agent}</span>
        <span>{attempt.model}</span>
        <span>{attempt.rung}</span>
        <span>{took === undefined ? "under way" : length(took)}</span>
        <span>{money(attempt.spend.usd)}</span>
        <StateMark
          state={outcome ? (outcome.outcome === "accepted" ? "accepted" : "failed") : "working"}
          label={outcome ? ENDS[outcome.outcome] : "working"}
        />
      </header>
      {steps && steps.steps.length > 0 ? (
        <div className={styles.scroll} tabIndex={0} role="group" aria-label={`Steps of attempt ${attempt.number}`}>
          <table className={styles.steps}>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">What was done</th>
                <th scope="col">Tokens in</th>
                <th scope="col">out</th>
                <th scope="col">Cost</th>
                <th scope="col">Time</th>
              </tr>
            </thead>
            <tbody>
              {steps.steps.map((step) => (
                <tr key={step.number} data-stuck={step.stuck || undefined}>
                  <td>{step.number}</td>
                  <td>
                    {step.tools.map((tool) => `${tool.tool} ${tool.about}${tool.ok ? "" : " (failed)"}`).join("; ") || "answered"}
                    {step.stuck ? " · led nowhere" : ""}
                    {step.recorded ? " · recorded" : ""}
                  </td>
                  <td>{count(step.spend.tokens_in)}</td>
                  <td>{count(step.spend.tokens_out)}</td>
                  <td>{money(step.spend.usd)}</td>
                  <td>{length(step.millis)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {checks.length > 0 ? (
        <ul className={styles.checks}>
          {checks.map((check, at) => (
            <li key={at}>
              <details>
                <summary>
                  <StateMark state={check.passed ? "accepted" : "failed"} label={check.passed ? "passed" : "failed"} />
                  <code>{check.command}</code>
                </summary>
                <pre className={styles.output} tabIndex={0}>
                  {output(check.output) || "it said nothing"}
                </pre>
              </details>
            </li>
          ))}
        </ul>
      ) : null}
    </li>
  );
}
