import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { client, done, take } from "~/api/client";
import type { Notification, NotificationRow } from "~/api/generated/api";
import { reading, told } from "~/api/notifications";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Table } from "~/parts/Table";
import tabs from "~/parts/Tabs.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Notifications.module.css";
import { dead } from "./queries";
import { stageWords } from "./stage";
import { Told } from "./Told";

const route = getRouteApi("/inside/notifications");

/** What one was told; and for who looks after the system, what could not be sent. */
export function Notifications() {
  const { data: who } = useQuery(me);
  const { show } = route.useSearch();
  const { data, error, refetch } = useQuery(told(show === "unread"));
  const read = useMutation(reading(useQueryClient()));
  const items = data?.items ?? [];
  const mayMark = may(who, "account:write");
  const rows = () => items.map(({ notification: { id, stage, made_at, read_at, about }, title, interrupt }) => ({ id, title, stage, about, interrupt, made_at, read_at }));
  return (
    <Page
      title="Notifications"
      about={data ? (data.unread === 0 ? "All of it is read." : `${plural(data.unread, "message")} not read yet.`) : "What you were told."}
      actions={
        <>
          {mayMark && data && data.unread > 0 ? (
            <Button size="xs" loading={read.isPending} onClick={() => read.mutate(undefined)}>
              Mark all as read
            </Button>
          ) : null}
          {items.length > 0 ? <Export name="notifications" rows={rows} /> : null}
        </>
      }
    >
      <nav className={tabs.tabs} aria-label="Which messages">
        {([undefined, "unread"] as const).map((choice) => (
          <Link key={choice ?? "all"} to="/notifications" search={choice ? { show: choice } : {}} replace className={tabs.tab} aria-current={choice === show ? "true" : undefined}>
            {choice ? "Not read" : "All"}
          </Link>
        ))}
      </nav>
      {read.isError ? <Trouble problem={read.error} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading what you were told" lines={4} /> : null}
      {data && items.length === 0 ? (
        <Nothing title={show === "unread" ? "Nothing is unread" : "You were told nothing yet"}>
          <p>Who is to answer a question is told of it here.</p>
        </Nothing>
      ) : null}
      {items.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`} aria-label="Messages">
          {items.map((one) => (
            <Message key={one.notification.id} one={one} mayMark={mayMark} />
          ))}
        </ul>
      ) : null}
      {may(who, "system:write") ? (
        <>
          <Dead />
          <Section title="Try a channel">
            <Try />
          </Section>
        </>
      ) : null}
    </Page>
  );
}

function Message({ one: { notification, title, interrupt }, mayMark }: { one: Notification; mayMark: boolean }) {
  const read = useMutation(reading(useQueryClient()));
  const isNew = !notification.read_at;
  return (
    <li data-new={isNew || undefined}>
      <span>
        <Told one={{ notification, title, interrupt }} opened={() => isNew && mayMark && read.mutate(notification.id)} />
        {read.isError ? <Trouble problem={read.error} /> : null}
      </span>
      {isNew && mayMark ? (
        <Button size="xs" loading={read.isPending} aria-label={`Mark as read: ${title}`} onClick={() => read.mutate(notification.id)}>
          Mark as read
        </Button>
      ) : null}
    </li>
  );
}

/** What could not be sent, to whomever, and why; it can be sent again. */
function Dead() {
  const { data, error, refetch } = useQuery(dead);
  const items = data?.items ?? [];
  const rows = () => items.map(({ id, person, channel, stage, about, made_at, tries, fault }) => ({ id, person, channel, stage, about, made_at, tries, fault }));
  return (
    <Section title="What could not be sent" aside={items.length > 0 ? <Export name="dead-letters" rows={rows} /> : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading what could not be sent" lines={2} /> : null}
      {data && items.length === 0 ? <p className={lists.note}>No message failed for good.</p> : null}
      {items.length > 0 ? (
        <Table
          label="What could not be sent"
          columns={[{ name: "For" }, { name: "Channel" }, { name: "Why it was sent" }, { name: "Made" }, { name: "Tries", figure: true }, { name: "What went wrong" }, { name: "Again", unseen: true }]}
        >
          {items.map((row) => (
            <Letter key={row.id} row={row} />
          ))}
        </Table>
      ) : null}
    </Section>
  );
}

function Letter({ row }: { row: NotificationRow }) {
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: async () => take(client.POST("/api/notifications/{notification}/replay", { params: { path: { notification: row.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
  return (
    <tr>
      <td>{row.person || "a room"}</td>
      <td>{row.channel}</td>
      <td>{stageWords(row.stage)}</td>
      <td>
        <When at={row.made_at} />
      </td>
      <td data-figure>{row.tries}</td>
      <td data-words>
        {row.fault ?? ""}
        {replay.isError ? <Trouble problem={replay.error} /> : null}
      </td>
      <td>
        <Button size="xs" loading={replay.isPending} aria-label={`Send again to ${row.person || "a room"} by ${row.channel}`} onClick={() => replay.mutate()}>
          Send again
        </Button>
      </td>
    </tr>
  );
}

/** Sends oneself a message by a channel of the settings, at once. */
function Try() {
  const [channel, setChannel] = useState("");
  const name = channel.trim();
  const attempt = useMutation({ mutationFn: (channel: string) => done(client.POST("/api/notifications/test", { body: { channel } })) });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== "" && !attempt.isPending) attempt.mutate(name);
      }}
    >
      <TextInput
        label="Channel"
        description="Its name in the settings; you are sent a message"
        placeholder="mail"
        autoComplete="off"
        spellCheck={false}
        value={channel}
        onChange={(event) => setChannel(event.currentTarget.value)}
      />
      <Button type="submit" loading={attempt.isPending} disabled={name === ""}>
        Send a message
      </Button>
      {attempt.isError ? <Trouble problem={attempt.error} /> : null}
      {attempt.isSuccess ? (
        <p className={lists.note} role="status">
          The other side took it.
        </p>
      ) : null}
    </form>
  );
}
