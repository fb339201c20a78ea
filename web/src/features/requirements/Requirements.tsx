import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { decided, waiting } from "~/api/approvals";
import type { InterruptSummary, RequirementTrace, Run, Trace, TracedTicket } from "~/api/generated/api";
import { runs, specs, trace } from "~/api/work";
import { approvalOf, proofs } from "~/parts/evidence";
import { EvidenceMark } from "~/parts/EvidenceMark";
import { Export } from "~/parts/Export";
import { plural, words } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { Proofs } from "~/parts/Proofs";
import { Prose } from "~/parts/Prose";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Requirements.module.css";
import { EVIDENCE, type Wanted, wantedOf } from "./wanted";

const route = getRouteApi("/inside/requirements");

/** What became of each requirement: who works on it, what was committed, what proves it, and who agreed. */
export function Requirements() {
  const wanted = route.useSearch();
  const all = useQuery(runs);
  const newest = [...(all.data?.items ?? [])].sort((a, b) => b.started_at.localeCompare(a.started_at));
  const run = wanted.run ?? newest[0]?.id;
  const traced = useQuery({ ...trace(run ?? ""), enabled: run !== undefined });
  const [asked, over] = [useQuery(waiting), useQuery(decided)];
  const questions = [...(asked.data?.items ?? []), ...(over.data?.items ?? [])];
  const of = traced.data?.requirements ?? [];
  const shown = of.filter((one) => lets(one, wanted));
  const error = all.data ? traced.error : all.error;
  return (
    <Page
      title="Requirements"
      about="From each requirement to its tickets, commits and evidence. Only commands that ran on the newest merged commit count."
      actions={
        <>
          {run ? (
            <Link to="/runs/$run" params={{ run }} className={styles.to}>
              The run
            </Link>
          ) : null}
          {traced.data && shown.length > 0 ? (
            <Export name={`requirements-${run}`} rows={() => shown.flatMap((one) => rowsOf(one, traced.data, questions))} />
          ) : null}
        </>
      }
    >
      {all.data && newest.length > 0 ? <Choice wanted={wanted} run={run} runs={newest} /> : null}
      {all.isPending || (run !== undefined && traced.isPending) ? <Waiting what="Loading the requirements" lines={6} /> : null}
      {error && !(all.data && traced.data) ? <Trouble problem={error} again={() => void (all.data ? traced.refetch() : all.refetch())} /> : null}
      {all.data && newest.length === 0 ? (
        <Nothing title="Nothing was run yet">
          <p>
            <Link to="/">Begin with a spec</Link>
          </p>
        </Nothing>
      ) : null}
      {traced.data ? <Sum of={of} head={traced.data.head} /> : null}
      {traced.data && shown.length === 0 ? (
        <Nothing title={of.length === 0 ? "The spec has no requirement" : "No requirement is like that"}>
          {of.length === 0 ? null : (
            <p>
              <Link to="/requirements" search={{ run: wanted.run }}>
                Take every filter away
              </Link>
            </p>
          )}
        </Nothing>
      ) : null}
      {traced.data && shown.length > 0 ? <Matrix shown={shown} trace={traced.data} wanted={wanted} questions={questions} /> : null}
    </Page>
  );
}

function lets({ requirement, evidence, tickets }: RequirementTrace, wanted: Wanted): boolean {
  if (wanted.evidence && evidence !== wanted.evidence) return false;
  const text = [requirement.id, requirement.title, ...tickets.flatMap(({ id, title }) => [id, title])].join("\n").toLowerCase();
  return (wanted.text ?? "").toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Choice({ wanted, run, runs }: { wanted: Wanted; run: string | undefined; runs: readonly Run[] }) {
  const navigate = useNavigate();
  const { data: known } = useQuery(specs);
  const change = (part: Partial<Record<keyof Wanted, string | undefined>>) =>
    void navigate({ to: "/requirements", search: wantedOf({ ...wanted, ...part }), replace: true, resetScroll: false });
  const title = (of: Run) => known?.items.find(({ id }) => id === of.spec)?.title ?? of.project;
  return (
    <search className={styles.filters}>
      <NativeSelect label="Run" size="xs" value={run ?? ""} onChange={(event) => change({ run: event.currentTarget.value, open: undefined })}>
        {runs.map((one) => (
          <option key={one.id} value={one.id}>
            {title(one)}, {words(one.state.state)}, {one.id.slice(-6)}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        label="Find"
        type="search"
        size="xs"
        autoComplete="off"
        spellCheck={false}
        placeholder="words of a requirement or ticket"
        value={wanted.text ?? ""}
        onChange={(event) => change({ text: event.currentTarget.value })}
      />
      <NativeSelect
        label="Evidence"
        size="xs"
        value={wanted.evidence ?? ""}
        onChange={(event) => change({ evidence: event.currentTarget.value })}
        data={[{ value: "", label: "any" }, ...EVIDENCE]}
      />
    </search>
  );
}

function Sum({ of, head }: { of: readonly RequirementTrace[]; head: Trace["head"] }) {
  const many = (evidence: string) => of.filter((one) => one.evidence === evidence).length;
  const failing = many("failing");
  return (
    <p className={styles.sum}>
      <strong>
        {many("proven")} of {of.length}
      </strong>{" "}
      proven{failing > 0 ? `, ${failing} failing` : ""}
      {many("unproven") > 0 ? `, ${many("unproven")} unproven` : ""}
      {head ? (
        <>
          {" "}
          at <code title={head}>{head.slice(0, 10)}</code>
        </>
      ) : (
        ". Nothing is merged yet."
      )}
    </p>
  );
}

interface MatrixProps {
  shown: readonly RequirementTrace[];
  trace: Trace;
  wanted: Wanted;
  questions: readonly InterruptSummary[];
}

function Matrix({ shown, trace, wanted, questions }: MatrixProps) {
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="The requirements">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Requirement</th>
            <th scope="col">Evidence</th>
            <th scope="col">Ticket</th>
            <th scope="col">Merged as</th>
            <th scope="col">Approval</th>
          </tr>
        </thead>
        {shown.map((one) => (
          <Rows key={one.requirement.id} one={one} trace={trace} wanted={wanted} questions={questions} />
        ))}
      </table>
    </div>
  );
}

function Rows({ one, trace, wanted, questions }: { one: RequirementTrace } & Omit<MatrixProps, "shown">) {
  const { requirement, evidence, tickets } = one;
  const isOpen = wanted.open === requirement.id;
  const proven = proofs(one, trace.head);
  const lines = Math.max(1, tickets.length);
  return (
    <tbody>
      {Array.from({ length: lines }, (_, at) => (
        <tr key={at}>
          {at === 0 ? (
            <>
              <th scope="rowgroup" rowSpan={lines}>
                <code>{requirement.id}</code> <span className={styles.title}>{requirement.title}</span>
              </th>
              <td rowSpan={lines}>
                <Link
                  to="/requirements"
                  search={{ ...wanted, open: isOpen ? undefined : requirement.id }}
                  replace
                  resetScroll={false}
                  className={styles.evidence}
                  aria-expanded={isOpen}
                >
                  <EvidenceMark evidence={evidence} />
                  <span className={styles.how}>
                    {proven.filter(({ check }) => check?.passed).length} of {proven.length}
                    <span className="only-heard"> commands hold for {requirement.id}</span>
                  </span>
                </Link>
              </td>
            </>
          ) : null}
          <Served ticket={tickets[at]} run={trace.run} questions={questions} />
        </tr>
      ))}
      {isOpen ? (
        <tr>
          <td colSpan={5} className={styles.open}>
            <div className={styles.text}>
              <Prose text={requirement.text} />
            </div>
            <Proofs proofs={proven} />
            <p className={styles.more}>
              {plural(one.checks.length, "check")} ran for it in all, the earlier ones on other commits; line {requirement.line} of the spec.
            </p>
          </td>
        </tr>
      ) : null}
    </tbody>
  );
}

/** A ticket that serves a requirement, what it was merged as, and who agreed. */
function Served({ ticket, run, questions }: { ticket: TracedTicket | undefined; run: string; questions: readonly InterruptSummary[] }) {
  if (!ticket) {
    return (
      <td colSpan={3} className={styles.none}>
        No ticket serves it.
      </td>
    );
  }
  const approval = approvalOf(questions, run, ticket.id);
  const commit = ticket.merged ?? ticket.commits.at(-1);
  return (
    <>
      <td>
        <Link to="/runs/$run/tickets/$ticket" params={{ run, ticket: ticket.id }} title={ticket.title}>
          {ticket.id}
        </Link>{" "}
        <StateMark state={ticket.state.state} />
      </td>
      <td>
        {commit ? (
          <Link to="/runs/$run/review" params={{ run }} search={{ ticket: ticket.id }} title={commit}>
            <code>{commit.slice(0, 10)}</code>
          </Link>
        ) : (
          <span className={styles.none}>nothing yet</span>
        )}
        {commit && !ticket.merged ? <span className={styles.none}> not merged</span> : null}
        {ticket.partial ? <span className={styles.none}> a part of it</span> : null}
      </td>
      <td>
        {approval ? (
          <Link to="/approvals/$interrupt" params={{ interrupt: approval.id }} search={approval.state === "waiting" ? {} : { show: "decided" }} title={approval.decided ?? undefined}>
            <StateMark state={approval.state} />
          </Link>
        ) : (
          <span className={styles.none}>not asked for</span>
        )}
      </td>
    </>
  );
}

function rowsOf(one: RequirementTrace, trace: Trace, questions: readonly InterruptSummary[]) {
  const proven = proofs(one, trace.head);
  const of: readonly (TracedTicket | undefined)[] = one.tickets.length > 0 ? one.tickets : [undefined];
  return of.map((ticket) => {
    const approval = ticket && approvalOf(questions, trace.run, ticket.id);
    return {
      requirement: one.requirement.id,
      title: one.requirement.title,
      evidence: one.evidence,
      commands: proven.length,
      hold: proven.filter(({ check }) => check?.passed).length,
      ticket: ticket?.id ?? "",
      state: ticket?.state.state ?? "",
      commits: ticket?.commits.join(" ") ?? "",
      merged: ticket?.merged ?? "",
      approval: approval?.state ?? "",
      decided: approval?.decided ?? "",
      head: trace.head ?? "",
    };
  });
}
