import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { waiting } from "~/api/approvals";
import { reading, told } from "~/api/notifications";
import { me, may } from "~/api/session";
import { forMe } from "~/api/unseen";
import { plural } from "~/parts/format";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Newest.module.css";
import { Told } from "./Told";

/** How many messages stand behind the bell; their page has them all. */
const SHOWN = 6;

/** Behind the bell: what waits for who looks, and what they were told last. */
export function Newest({ close }: { close: () => void }) {
  const { data: who } = useQuery(me);
  const { data: asked } = useQuery(waiting);
  const { data, error, refetch } = useQuery(told(false));
  const read = useMutation(reading(useQueryClient()));
  const mayMark = may(who, "account:write");
  const mine = forMe(asked?.items ?? [], who);
  return (
    <>
      <header className={styles.head}>
        <h2>What is new</h2>
        {mayMark && data && data.unread > 0 ? (
          <Button size="compact-xs" loading={read.isPending} onClick={() => read.mutate(undefined)}>
            Mark all as read
          </Button>
        ) : null}
      </header>
      {mine.length > 0 ? (
        <Link to="/approvals" className={styles.asked} onClick={close}>
          {plural(mine.length, "question")} {mine.length === 1 ? "waits" : "wait"} for you
        </Link>
      ) : null}
      {read.isError ? <Trouble problem={read.error} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading what you were told" lines={3} /> : null}
      {data && data.items.length === 0 ? <p className={styles.none}>You were told nothing yet.</p> : null}
      {data && data.items.length > 0 ? (
        <ul className={styles.list} aria-label="The newest messages">
          {data.items.slice(0, SHOWN).map((one) => (
            <li key={one.notification.id} data-new={!one.notification.read_at || undefined}>
              <Told
                one={one}
                opened={() => {
                  if (mayMark && !one.notification.read_at) read.mutate(one.notification.id);
                  close();
                }}
              />
            </li>
          ))}
        </ul>
      ) : null}
      <footer className={styles.foot}>
        <Link to="/notifications" onClick={close}>
          All notifications
        </Link>
      </footer>
    </>
  );
}
