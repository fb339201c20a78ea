import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { fresh, keep } from "~/api/kept";
import { me } from "~/api/session";
import { clear, send } from "~/api/outbox";
import { live } from "~/live/store";
import { Mark } from "~/parts/Brand";
import { whenIdle } from "~/parts/idle";
import { signedOut } from "../router";
import { Account } from "./Account";
import { Bell, Counted } from "./Bell";
import { LiveMark, Notice } from "./LiveMark";
import { BottomNav, Nav } from "./Nav";
import styles from "./Shell.module.css";
import { Update } from "./Update";
import { useKeys } from "./useKeys";

const Palette = lazy(() => import("./Palette").then(({ Palette }) => ({ default: Palette })));
const Shortcuts = lazy(() => import("./Shortcuts").then(({ Shortcuts }) => ({ default: Shortcuts })));

/** Whose answers are kept on this device. */
const ANSWERS_OF = "swarm.answers-of";

export type Overlay = "palette" | "shortcuts" | undefined;

/** Around every page behind the sign-in: where one is, where one can go, and whether what is shown is true now. */
export function Shell() {
  const queries = useQueryClient();
  const { data: who } = useQuery(me);
  const [overlay, setOverlay] = useState<Overlay>();
  useEffect(() => {
    let end: (() => void) | undefined;
    const leave = whenIdle(() => {
      end = live.start(queries, signedOut);
    });
    return () => {
      leave();
      end?.();
    };
  }, [queries]);
  useEffect(() => keep(queries), [queries]);
  useEffect(() => {
    if (who) return whenIdle(() => void import("~/push/browser").then(({ goOn }) => goOn(who)).catch(() => undefined));
  }, [who]);
  useKeys(setOverlay);
  const main = useFocusOnArrival();
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.brand}>
          <Mark />
          <span>swarm</span>
        </Link>
        <LiveMark />
        <Bell />
        {who ? <Account who={who} open={setOverlay} /> : null}
      </header>
      <aside className={styles.side}>
        <div className={styles.top}>
          <Link to="/" className={styles.brand}>
            <Mark />
            <span>swarm</span>
          </Link>
          <Bell />
        </div>
        <Nav who={who} open={setOverlay} />
        <div className={styles.foot}>
          <LiveMark />
          {who ? <Account who={who} open={setOverlay} named /> : null}
        </div>
      </aside>
      <main className={styles.main} id="content" tabIndex={-1} ref={main}>
        <Update />
        <Notice />
        <Delivery />
        <Counted />
        <Outlet />
      </main>
      <BottomNav who={who} open={setOverlay} />
      <Suspense>
        {overlay === "palette" ? <Palette who={who} close={() => setOverlay(undefined)} /> : null}
        {overlay === "shortcuts" ? <Shortcuts close={() => setOverlay(undefined)} /> : null}
      </Suspense>
    </div>
  );
}

/** Sends the answers that were kept on this device, as soon as the server is there. */
function Delivery() {
  const queries = useQueryClient();
  const { phase } = useSyncExternalStore(live.subscribe, live.link, live.link);
  const { data: who } = useQuery(me);
  const person = who?.person;
  useEffect(() => {
    if (phase !== "open" || person === undefined) return;
    fresh();
    // What somebody else left here is not sent in this one's name.
    if ((localStorage.getItem(ANSWERS_OF) ?? person) !== person) clear();
    localStorage.setItem(ANSWERS_OF, person);
    void send(queries);
  }, [phase, person, queries]);
  return null;
}

/** Who listens is brought to the page that they went to, and not left at the link behind it. */
function useFocusOnArrival() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path && !main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return main;
}
