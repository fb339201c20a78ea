import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useRef } from "react";
import type { Run, SpecDetail, SpecSummary } from "~/api/generated/api";
import { runs, spec, specs } from "~/api/work";
import { moment, plural, short } from "~/parts/format";
import { Page } from "~/parts/Page";
import { StateMark } from "~/parts/StateMark";
import tabs from "~/parts/Tabs.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Design.module.css";
import { Editor, show as showLine } from "./Editor";
import type { Look } from "./look";
import { useTalk } from "./talk";
import { Understood } from "./Understood";
import { versionsOf } from "./versions";

const Planned = lazy(() => import("./Planned").then(({ Planned }) => ({ default: Planned })));
const Changes = lazy(() => import("./Changes").then(({ Changes }) => ({ default: Changes })));
const Talk = lazy(() => import("./Talk").then(({ Talk }) => ({ default: Talk })));
const Writer = lazy(() => import("./Writer").then(({ Writer }) => ({ default: Writer })));
const route = getRouteApi("/inside/design/$spec");

const VIEWS = [
  [undefined, "Understood"],
  ["say", "Say it"],
  ["plan", "Plan"],
  ["changes", "Changes"],
  ["talk", "Questions"],
] as const;

/** One spec: its text, and beside it what was understood, what would be done, what a change reopens, and what is asked. */
export function Session() {
  const { spec: id } = route.useParams();
  const { data, error, refetch } = useQuery(spec(id));
  if (!data) {
    return (
      <Page wide title="Spec" above={<Link to="/design">Design</Link>}>
        {error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading the spec" lines={8} />}
      </Page>
    );
  }
  return <Open key={id} detail={data} />;
}

function Open({ detail }: { detail: SpecDetail }) {
  const { id, spec, project } = detail;
  const { show, from } = route.useSearch();
  const navigate = useNavigate();
  const field = useRef<HTMLTextAreaElement>(null);
  const all = useQuery(specs);
  const ran = useQuery(runs);
  const versions = versionsOf(all.data?.items ?? [], id);
  const of = (ran.data?.items ?? []).filter((run) => versions.some((version) => version.id === run.spec) || run.spec === id);
  const talk = useTalk(of);
  const asked = talk.items.filter(({ state }) => state === "waiting").length;
  return (
    <Page
      wide
      title={spec.title}
      above={
        <>
          <Link to="/design">Design</Link> / {project}
        </>
      }
      about={<About detail={detail} versions={versions} runs={of.filter((run) => run.spec === id)} />}
      actions={versions.length > 1 ? <Versions versions={versions} id={id} show={show} /> : null}
    >
      <Newer versions={versions} id={id} />
      <div className={styles.split}>
        <section className={styles.left} aria-label="The text">
          <Editor
            field={field}
            name={draftOf(id)}
            source={detail.source}
            project={project}
            save="Save as a new version"
            saved={(saved) => {
              if (saved.id !== id) void navigate({ to: "/design/$spec", params: { spec: saved.id }, search: saved.previous ? { show: "changes" } : {} });
            }}
          />
        </section>
        <section className={styles.right} aria-label="What comes of it">
          <nav className={tabs.tabs} aria-label="What is shown of the spec">
            {VIEWS.map(([name, label]) => (
              <Link
                key={label}
                to="/design/$spec"
                params={{ spec: id }}
                search={name ? { show: name } : {}}
                replace
                resetScroll={false}
                className={tabs.tab}
                aria-current={show === name ? "page" : undefined}
                activeOptions={{ exact: true, includeSearch: true }}
              >
                {label}
                {name === "talk" && asked > 0 ? (
                  <span className={styles.asked}>
                    {asked}
                    <span className="only-heard"> waiting</span>
                  </span>
                ) : null}
              </Link>
            ))}
          </nav>
          <div className={styles.shown}>
            <Suspense fallback={<Waiting lines={6} />}>
              <Shown show={show} from={from} detail={detail} versions={versions} runs={of} talk={talk} line={(line) => field.current && showLine(field.current, line)} />
            </Suspense>
          </div>
        </section>
      </div>
    </Page>
  );
}

/** Under which name what is not saved of a spec is kept. */
const draftOf = (id: string) => `spec:${id}`;

interface ShownProps extends Look {
  detail: SpecDetail;
  versions: readonly SpecSummary[];
  runs: readonly Run[];
  talk: ReturnType<typeof useTalk>;
  line: (line: number) => void;
}

function Shown({ show, from, detail, versions, runs, talk, line }: ShownProps) {
  switch (show) {
    case "plan":
      return <Planned spec={detail} talk={talk} runs={runs} />;
    case "changes":
      return <Changes spec={detail} versions={versions} runs={runs} from={from} />;
    case "talk":
      return <Talk talk={talk} />;
    case "say":
      return <Writer name={draftOf(detail.id)} source={detail.source} project={detail.project} />;
    default:
      return <Understood spec={detail} line={line} />;
  }
}

function About({ detail, versions, runs }: { detail: SpecDetail; versions: readonly SpecSummary[]; runs: readonly Run[] }) {
  const [latest] = [...runs].sort((a, b) => b.started_at.localeCompare(a.started_at));
  return (
    <span className={styles.about}>
      <span>
        version {detail.version}
        {versions.length > 1 ? ` of ${versions.length}` : ""}
      </span>
      <span>
        read <When at={detail.added_at} />
      </span>
      <span>{plural(detail.spec.requirements.length, "requirement")}</span>
      {latest ? (
        <span className={styles.run}>
          <StateMark state={latest.state.state} />
          <Link to="/runs/$run" params={{ run: latest.id }}>
            {short(latest.id)}
          </Link>
        </span>
      ) : null}
    </span>
  );
}

/** Goes to another version. What is not saved of this one stays with this one. */
function Versions({ versions, id, show }: { versions: readonly SpecSummary[]; id: string; show: Look["show"] }) {
  const navigate = useNavigate();
  return (
    <NativeSelect
      size="xs"
      aria-label="Version"
      value={id}
      onChange={(event) => void navigate({ to: "/design/$spec", params: { spec: event.currentTarget.value }, search: show ? { show } : {} })}
    >
      {versions.map((version) => (
        <option key={version.id} value={version.id}>
          Version {version.version}, {moment(version.added_at)}
        </option>
      ))}
    </NativeSelect>
  );
}

/** Somebody may have saved another version since. */
function Newer({ versions, id }: { versions: readonly SpecSummary[]; id: string }) {
  const [latest] = versions;
  if (!latest || latest.id === id) return null;
  return (
    <p className={styles.newer}>
      This is not the newest version.{" "}
      <Link to="/design/$spec" params={{ spec: latest.id }} search={{}}>
        Go to version {latest.version}
      </Link>
      , read <When at={latest.added_at} />.
    </p>
  );
}
