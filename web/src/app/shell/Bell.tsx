import { ActionIcon } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { IconBell } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useEffect, useId, useRef, useState } from "react";
import { waiting } from "~/api/approvals";
import type { Event } from "~/api/generated/live";
import { reading, told } from "~/api/notifications";
import { me, may } from "~/api/session";
import { about, forMe, unseen } from "~/api/unseen";
import { useEvents } from "~/live/store";
import { plural } from "~/parts/format";
import { useTitleCount } from "~/parts/title";
import { Waiting } from "~/parts/Waiting";
import styles from "./Bell.module.css";

const Newest = lazy(() => import("~/features/notifications/Newest").then(({ Newest }) => ({ default: Newest })));

/** Who is to be told of an event is told a moment after it; in milliseconds. */
const LATER = 2_500;

function useUnseen() {
  const { data: who } = useQuery(me);
  const { data: asked } = useQuery(waiting);
  const { data: list } = useQuery({ ...told(false), enabled: may(who, "work:read") });
  return { who, list, ...unseen(forMe(asked?.items ?? [], who), list) };
}

/** How much is new for who looks, and behind it the newest of it. The browser shows the panel above all else, and closes it. */
export function Bell() {
  const { asked, other } = useUnseen();
  const id = useId();
  const panel = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  const at = useRouterState({ select: ({ location }) => location.href });
  const close = useCallback(() => panel.current?.hidePopover(), []);
  useEffect(close, [at, close]);
  const count = asked + other;
  const shown = count > 99 ? "99+" : String(count);
  const words = [
    ...(asked > 0 ? [`${plural(asked, "question")} ${asked === 1 ? "waits" : "wait"} for you`] : []),
    ...(other > 0 ? [`${plural(other, asked > 0 ? "other message" : "message")} not read`] : []),
  ];
  return (
    <>
      <ActionIcon size="lg" className={styles.bell} popoverTarget={id} aria-label={count > 0 ? `${shown} new: ${words.join(", ")}` : "Nothing new"}>
        <IconBell size={19} stroke={1.7} aria-hidden />
        {count > 0 ? (
          <span className={styles.count} data-asked={asked > 0 || undefined} aria-hidden>
            {shown}
          </span>
        ) : null}
      </ActionIcon>
      <section id={id} ref={panel} popover="auto" className={styles.panel} aria-label="What is new" onToggle={({ newState }) => setOpen(newState === "open")}>
        {open ? (
          <Suspense fallback={<Waiting what="Loading what is new" lines={3} />}>
            <Newest close={close} />
          </Suspense>
        ) : null}
      </section>
    </>
  );
}

/** Keeps what the bell counts true: in the window's title, after each event, and where a question that one was told of is opened. */
export function Counted() {
  const { who, list, asked } = useUnseen();
  const queries = useQueryClient();
  useTitleCount(asked);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents(
    useCallback(
      ({ body }: Event) => {
        if (!body.type.startsWith("interrupt_")) return;
        clearTimeout(timer.current);
        timer.current = setTimeout(() => void queries.invalidateQueries({ queryKey: ["notifications"] }), LATER);
      },
      [queries],
    ),
  );
  const opened = useRouterState({ select: ({ location }) => /^\/approvals\/([^/]+)$/.exec(location.pathname)?.[1] });
  const { mutate } = useMutation(reading(queries));
  const seen = opened && may(who, "account:write") ? about(list, opened).join(" ") : "";
  useEffect(() => {
    for (const id of seen.split(" ").filter(Boolean)) mutate(id);
  }, [seen, mutate]);
  return null;
}
