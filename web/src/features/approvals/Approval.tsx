import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { IconArrowLeft } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { me, may } from "~/api/session";
import { trace } from "~/api/work";
import { moment, short } from "~/parts/format";
import { HunkProof, HunkProofs } from "~/parts/HunkProof";
import { useTitle } from "~/parts/title";
import { RiskMark } from "~/parts/RiskMark";
import { Served } from "~/parts/Served";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { useRemarks } from "~/parts/useRemarks";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { AnswerBar } from "./AnswerBar";
import styles from "./Approval.module.css";
import { title } from "~/parts/question";
import { Decision } from "./Decision";
import { PlanUnderReview } from "./PlanUnderReview";
import { question } from "~/api/approvals";
import type { InterruptDetail } from "./types";

const Diff = lazy(() => import("~/parts/Diff").then(({ Diff }) => ({ default: Diff })));
const route = getRouteApi("/inside/approvals/$interrupt");

/** One question with all that is to be judged, and the answers that are taken. */
export function Approval() {
  const { interrupt } = route.useParams();
  const { data, isPending, error, refetch } = useQuery(question(interrupt));
  const { show } = route.useSearch();
  useTitle(data ? title(data.summary) : "Approval");
  return (
    <div className={styles.approval}>
      <Link to="/approvals" search={show ? { show } : {}} className={styles.back}>
        <IconArrowLeft size={16} aria-hidden /> All questions
      </Link>
      {isPending ? <Waiting what="Loading the question" /> : null}
      {data === undefined && error ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {data ? <Question key={interrupt} detail={data} /> : null}
    </div>
  );
}

function Question({ detail }: { detail: InterruptDetail }) {
  const { summary, interrupt } = detail;
  const isWaiting = summary.state === "waiting";
  return (
    <>
      <article className={styles.matter}>
        <header className={styles.head}>
          <h1>{title(summary)}</h1>
          <p className={styles.facts}>
            {isWaiting ? <RiskMark risk={summary.risk} /> : <StateMark state={summary.state} />}
            <span>{summary.project}</span>
            <Link to="/runs/$run" params={{ run: summary.run }} title={summary.run}>
              {short(summary.run)}
            </Link>
            <span>
              asked <When at={summary.raised_at} />
            </span>
            {summary.until && isWaiting ? (
              <span>
                counts until <time dateTime={summary.until}>{moment(summary.until)}</time>
              </span>
            ) : null}
          </p>
        </header>
        {isWaiting ? null : <Decision detail={detail} />}
        <Why detail={detail} />
        {summary.kind === "plan_review" ? (
          <PlanUnderReview run={summary.run} />
        ) : (
          <Words text={interrupt.request.description ?? ""} />
        )}
        {detail.text ? (
          <Suspense fallback={<Waiting what="Loading the change" />}>
            <Change detail={detail} text={detail.text} />
          </Suspense>
        ) : null}
      </article>
      {isWaiting ? <AnswerBar detail={detail} /> : null}
    </>
  );
}

/** The change, with what each file serves; while it waits, lines of it can be remarked on. */
function Change({ detail: { summary, interrupt, evidence }, text }: { detail: InterruptDetail; text: string }) {
  const { data: who } = useQuery(me);
  const remarks = useRemarks(summary.id);
  const traced = useQuery({ ...trace(summary.run), enabled: summary.kind === "diff_review" });
  const serves = (traced.data?.requirements ?? []).filter(({ tickets }) => tickets.some(({ id }) => id === summary.ticket));
  const mayRemark = summary.state === "waiting" && interrupt.request.config.allow_respond && may(who, "gates:approve");
  return (
    <>
      {evidence ? <HunkProofs evidence={evidence} /> : null}
      <Diff
        text={text}
        remarks={mayRemark ? remarks : undefined}
        about={(path) => <Served path={path} serves={serves} commit={interrupt.commit} />}
        proof={evidence ? (place) => <HunkProof place={place} evidence={evidence} serves={serves} /> : undefined}
      />
    </>
  );
}

/** Why it is asked, of whom, and what it holds up. */
function Why({ detail: { summary, interrupt } }: { detail: InterruptDetail }) {
  const rows: [string, string][] = [["Why", summary.why.join("; ")]];
  rows.push(["Asked by", interrupt.asked_by.join(", ") || "nobody in particular"]);
  if (summary.people.length > 0) rows.push(["May answer", summary.people.join(", ")]);
  if (summary.answers > 1) {
    const so_far = summary.accepted_by.length > 0 ? ` so far ${summary.accepted_by.join(", ")}` : " nobody so far";
    rows.push(["Must approve", `${summary.answers} people;${so_far}`]);
  }
  // Of a plan that is all that it has, and all of it is shown.
  if (summary.state === "waiting" && summary.kind !== "plan_review" && summary.blocked.length > 0) rows.push(["Held up", summary.blocked.join(", ")]);
  return (
    <dl className={styles.why}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A description: paragraphs, and lists where lines begin with a dash. Shown as text, whatever it says: a model wrote of it. */
function Words({ text }: { text: string }) {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== "");
  return (
    <div className={styles.words}>
      {blocks.map((block, at) => {
        const lines = block.split("\n");
        if (!lines.every((line) => line.startsWith("- "))) return <p key={at}>{block}</p>;
        return (
          <ul key={at}>
            {lines.map((line, n) => (
              <li key={n}>{line.slice(2)}</li>
            ))}
          </ul>
        );
      })}
    </div>
  );
}
