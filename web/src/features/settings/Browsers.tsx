import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "~/api/client";
import { device } from "~/api/device";
import type { BrowserRow, Me } from "~/api/generated/api";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { ability, turnOff, turnOn } from "~/push/browser";
import { browsers } from "./queries";
import styles from "./Settings.module.css";

/** In which browsers one is told what waits, while the app is shut. */
export function Browsers({ who }: { who: Me }) {
  const { data, error, refetch } = useQuery(browsers);
  const items = data?.items ?? [];
  const own = items.find(({ session }) => session === data?.session);
  return (
    <Section title="Notifications" aside={data ? (own ? "on in this browser" : "off in this browser") : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the browsers" lines={2} /> : null}
      {data && !own ? <Off who={who} serverKey={data.key ?? undefined} /> : null}
      {items.length > 0 ? (
        <ul className={lists.rows}>
          {items.map((browser) => (
            <Told key={browser.id} browser={browser} isThis={browser === own} />
          ))}
        </ul>
      ) : null}
      {items.length > 0 ? <Try /> : null}
      <p className={styles.hint}>
        Also by mail and in chats, where an admin has set them up: <code>flows.notifications</code>
      </p>
    </Section>
  );
}

function Off({ who, serverKey }: { who: Me; serverKey: string | undefined }) {
  const queries = useQueryClient();
  const can = ability();
  const on = useMutation({
    mutationFn: (key: string) => turnOn(who, key),
    onSettled: () => queries.invalidateQueries({ queryKey: browsers.queryKey }),
  });
  if (!who.session) return <p className={styles.hint}>A browser is told what waits for an account that is signed in there.</p>;
  if (serverKey === undefined) return <p className={styles.hint}>This server tells no browsers: flows.notifications.push.enabled is false.</p>;
  if (can === "no") return <p className={styles.hint}>This browser takes no messages. On an iPhone, add swarm to the Home Screen first.</p>;
  if (can === "denied") return <p className={styles.hint}>This browser was told to show no messages of swarm. Allow them in its settings for this page.</p>;
  return (
    <>
      <p className={styles.hint}>A message says what waits for you and how much hangs on it, also while the app is shut. It ends when you sign out.</p>
      <Button size="xs" loading={on.isPending} onClick={() => on.mutate(serverKey)}>
        Tell me in this browser
      </Button>
      {on.isError ? <Trouble problem={on.error} /> : null}
    </>
  );
}

function Told({ browser, isThis }: { browser: BrowserRow; isThis: boolean }) {
  const queries = useQueryClient();
  const off = useMutation({
    mutationFn: () => turnOff(browser.id, isThis),
    onSettled: () => queries.invalidateQueries({ queryKey: browsers.queryKey }),
  });
  return (
    <li>
      <span>
        <span className={lists.title} title={browser.device}>
          {device(browser.device)}
        </span>
        <span className={lists.about}>
          {isThis ? <strong>this one</strong> : null}
          <span>
            told since <When at={browser.made_at} />
          </span>
        </span>
        {off.isError ? <Trouble problem={off.error} /> : null}
      </span>
      <Button size="xs" loading={off.isPending} onClick={() => off.mutate()} aria-label={`Turn it off: ${isThis ? "this browser" : device(browser.device)}`}>
        Turn it off
      </Button>
    </li>
  );
}

function Try() {
  const sent = useMutation({ mutationFn: async () => take(client.POST("/api/notifications/push/test")) });
  return (
    <>
      <Button size="xs" loading={sent.isPending} onClick={() => sent.mutate()}>
        Send a test
      </Button>
      {sent.isSuccess ? <p role="status">Sent to {sent.data.taken === 1 ? "one browser" : `${sent.data.taken} browsers`}.</p> : null}
      {sent.isError ? <Trouble problem={sent.error} /> : null}
    </>
  );
}
