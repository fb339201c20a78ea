import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatchRoute, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { me, may } from "~/api/session";
import { isTyping } from "~/app/shell/keys";
import { useNow } from "~/live/store";
import { age, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { useTitle } from "~/parts/title";
import { RiskMark } from "~/parts/RiskMark";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Approvals.module.css";
import { neighbour } from "./asked";
import type { Choice } from "./together";
import { title } from "~/parts/question";
import { useOutbox } from "~/api/outbox";
import { Choose, ChosenBar } from "./Chosen";
import { useChosen, type Chosen } from "./useChosen";
import { decided, waiting } from "~/api/approvals";
import type { InterruptSummary } from "./types";

const Batch = lazy(() => import("./Batch").then(({ Batch }) => ({ default: Batch })));
const route = getRouteApi("/inside/approvals");
const NONE: readonly InterruptSummary[] = [];

/** The queue of questions, and beside it the one that is looked at. On a phone one of the two. */
export function Approvals() {
  useTitle("Approvals");
  const { show } = route.useSearch();
  const queue = useQuery(show === "decided" ? decided : waiting);
  const opened = useOpened();
  const { data: who } = useQuery(me);
  const items = queue.data?.items ?? NONE;
  useMoving(items, opened);
  const mayChoose = show === undefined && items.length > 1 && may(who, "gates:approve");
  const chosen = useChosen(mayChoose ? items : NONE, opened);
  const [batch, setBatch] = useState<{ ids: readonly string[]; choice: Choice }>();
  return (
    <div className={styles.split} data-open={opened !== undefined || undefined}>
      <section className={styles.queue} aria-label="Questions">
        <header className={styles.head}>
          <h1>Approvals</h1>
          <nav className={styles.which} aria-label="Which questions">
            <Link to="/approvals" search={{}} className={styles.tab} data-on={!show || undefined} activeOptions={{ exact: true, includeSearch: true }}>
              Waiting
            </Link>
            <Link to="/approvals" search={{ show: "decided" }} className={styles.tab} data-on={show} activeOptions={{ exact: true, includeSearch: true }}>
              Decided
            </Link>
          </nav>
        </header>
        <p className={styles.lead}>Agents wait here for a word of yours, the highest risk first. The first answer counts, whoever of you gives it.</p>
        {mayChoose ? <Choose items={items} chosen={chosen} /> : null}
        <Queue items={items} opened={opened} show={show} query={queue} chosen={mayChoose ? chosen : undefined} />
        {chosen.ids.size > 0 ? <ChosenBar items={items} chosen={chosen} ask={(choice) => setBatch({ ids: [...chosen.ids], choice })} /> : null}
      </section>
      <section className={styles.detail} aria-label="The question">
        {opened === undefined ? <Unopened count={items.length} show={show} /> : <Outlet />}
      </section>
      <Suspense>
        {batch ? (
          <Batch
            {...batch}
            close={(answered) => {
              setBatch(undefined);
              if (answered) chosen.set([]);
            }}
          />
        ) : null}
      </Suspense>
    </div>
  );
}

/** Which question the address names. */
function useOpened(): string | undefined {
  const match = useMatchRoute()({ to: "/approvals/$interrupt" });
  return match ? match.interrupt : undefined;
}

interface QueueProps {
  items: readonly InterruptSummary[];
  opened: string | undefined;
  show: "decided" | undefined;
  query: { isPending: boolean; isError: boolean; error: unknown; data?: unknown; refetch: () => unknown };
  /** What was chosen to be answered together, where somebody may. */
  chosen: Chosen | undefined;
}

function Queue({ items, opened, show, query, chosen }: QueueProps) {
  const outbox = useOutbox();
  const now = useNow(10_000);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest" });
  }, [opened]);
  if (query.isPending) return <Waiting what="Loading the questions" lines={5} />;
  if (query.isError && query.data === undefined) return <Trouble problem={query.error} again={() => void query.refetch()} />;
  if (items.length === 0) return <Empty show={show} />;
  return (
    <ul className={styles.list} ref={list}>
      {items.map((item) => (
        <li key={item.id} data-question={item.id} data-chosen={chosen?.ids.has(item.id) || undefined} className={chosen ? styles.choosable : undefined}>
          {chosen ? (
            <label className={styles.box}>
              <input
                type="checkbox"
                aria-label={`Choose ${title(item)}, ${item.project}`}
                checked={chosen.ids.has(item.id)}
                onChange={({ nativeEvent }) => chosen.toggle(item.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
              />
            </label>
          ) : null}
          <Link
            to="/approvals/$interrupt"
            params={{ interrupt: item.id }}
            search={show ? { show } : {}}
            className={styles.item}
            aria-current={item.id === opened ? "page" : undefined}
          >
            <span className={styles.title}>{title(item)}</span>
            <span className={styles.age}>{age(now - Date.parse(item.raised_at))}</span>
            <span className={styles.facts}>
              {item.state === "waiting" ? <RiskMark risk={item.risk} /> : <StateMark state={item.state} />}
              <span>{item.project}</span>
              {item.state === "waiting" && item.blocked.length > 0 ? <span>holds {plural(item.blocked.length, "ticket")}</span> : null}
              {outbox.some(({ id }) => id === item.id) ? <strong>answer unsent</strong> : null}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Empty({ show }: { show: "decided" | undefined }) {
  if (show === "decided") {
    return (
      <Nothing title="Nothing was decided yet">
        <p>Questions stand here once somebody answered them.</p>
      </Nothing>
    );
  }
  return (
    <Nothing title="Nobody waits for you">
      <p>Agents ask where a rule of the configuration says so. Without one, nobody is asked.</p>
    </Nothing>
  );
}

/** Beside the queue while no question is open: on a desk only. */
function Unopened({ count, show }: { count: number; show: "decided" | undefined }) {
  if (count === 0) return null;
  return (
    <Nothing title={show === "decided" ? "Choose one to see how it was decided" : `${plural(count, "question")} ${count === 1 ? "waits" : "wait"}`}>
      <p>
        <kbd>J</kbd> opens the first.
      </p>
    </Nothing>
  );
}

/** J and K go through the queue. */
function useMoving(items: readonly InterruptSummary[], opened: string | undefined) {
  const navigate = useNavigate();
  const { show } = route.useSearch();
  const move = useCallback(
    (step: 1 | -1) => {
      const to = neighbour(items, opened, step);
      if (to && to.id !== opened) {
        void navigate({ to: "/approvals/$interrupt", params: { interrupt: to.id }, search: show ? { show } : {}, replace: opened !== undefined });
      }
    },
    [items, opened, navigate, show],
  );
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key === "j") move(1);
      if (event.key === "k") move(-1);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [move]);
}
