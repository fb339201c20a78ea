import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Popover.css";
import { Button, Menu, NativeSelect, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { IconDownload } from "@tabler/icons-react";
import { useCallback, useState } from "react";
import { download } from "~/api/client";
import type { AuditEntry, AuditOutcome } from "~/api/generated/api";
import { useEvents } from "~/live/store";
import { moment, plural, short } from "~/parts/format";
import { news, who } from "~/parts/news";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { type Filter, filterOf, fileOf, toLocal, toMoment } from "./filter";
import styles from "./Audit.module.css";
import { record, verify } from "./queries";

const route = getRouteApi("/inside/audit");

/** Who did what, when, and how it came out; and whether the log is what was appended. */
export function Audit() {
  const filter = route.useSearch();
  const queries = useQueryClient();
  const { data, isPending, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(record(filter));
  const [newer, setNewer] = useState(0);
  useEvents(useCallback((event) => event.body.type !== "audit_read" && setNewer((count) => count + 1), []));
  const file = useMutation({ mutationFn: (form: "csv" | "jsonl") => download(fileOf(filter, form), `audit.${form}`) });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const again = () => {
    setNewer(0);
    void queries.resetQueries({ queryKey: ["audit", filter] });
  };
  return (
    <Page
      title="Audit"
      about="Every change, by whom, in a log that can be checked. Reading it is recorded too."
      actions={
        <>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="xs" leftSection={<IconDownload size={15} stroke={1.8} aria-hidden />}>
                Export
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => file.mutate("csv")}>CSV</Menu.Item>
              <Menu.Item onClick={() => file.mutate("jsonl")}>JSON, with the proof</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      {file.isError ? <Trouble problem={file.error} /> : null}
      <Verify />
      <Filters key={JSON.stringify(filter)} filter={filter} />
      {newer > 0 ? (
        <p className={styles.newer}>
          <Button size="xs" onClick={again}>
            {plural(newer, "newer event")}: read again
          </Button>
        </p>
      ) : null}
      {isPending ? <Waiting what="Loading the record" lines={8} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {data && items.length === 0 && !hasNextPage ? (
        <Nothing title="Nothing in the record is like that">
          <p>
            <Link to="/audit" search={{}}>
              Take every filter away
            </Link>
          </p>
        </Nothing>
      ) : null}
      {items.length > 0 ? <Table items={items} /> : null}
      {hasNextPage ? (
        <Button size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </Page>
  );
}

const OUTCOME: Record<AuditOutcome, string> = { done: "done", failed: "failed", refused: "refused" };

function Table({ items }: { items: readonly AuditEntry[] }) {
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="The record">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">About</th>
            <th scope="col">Outcome</th>
            <th scope="col">No.</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ event, outcome, on_behalf }) => (
            <tr key={event.seq}>
              <td>
                <time dateTime={event.at}>{moment(event.at)}</time>
              </td>
              <td>
                {who(event)}
                {on_behalf && on_behalf !== who(event) ? <span className={styles.for}> for {on_behalf}</span> : null}
              </td>
              <td>
                <span>{news(event).text}</span>
                <code className={styles.kind}>{event.body.type}</code>
              </td>
              <td>
                {event.subject.run ? (
                  <Link to="/runs/$run" params={{ run: event.subject.run }} title={event.subject.run}>
                    {short(event.subject.run)}
                  </Link>
                ) : (
                  (event.subject.project ?? "")
                )}{" "}
                {event.subject.ticket ?? ""}
              </td>
              <td data-outcome={outcome ?? undefined}>{outcome ? OUTCOME[outcome] : ""}</td>
              <td>{event.seq}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Filters({ filter }: { filter: Filter }) {
  const navigate = useNavigate();
  const [form, setForm] = useState({ ...filter, from: toLocal(filter.from), to: toLocal(filter.to) });
  const field = (name: keyof typeof form) => ({
    value: form[name] ?? "",
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
    autoComplete: "off",
    spellCheck: false,
    size: "xs",
  });
  const apply = () =>
    void navigate({ to: "/audit", search: filterOf({ ...form, from: toMoment(form.from), to: toMoment(form.to) }) });
  return (
    <form
      className={styles.filters}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <TextInput label="Who" placeholder="person:ada, agent:*" {...field("who")} />
      <TextInput label="What" placeholder="run_*,merged" {...field("what")} />
      <TextInput label="Project" {...field("project")} />
      <TextInput label="Run" placeholder="run_…" {...field("run")} />
      <TextInput label="Ticket" placeholder="T-…" {...field("ticket")} />
      <TextInput label="From" type="datetime-local" {...field("from")} />
      <TextInput label="To" type="datetime-local" {...field("to")} />
      <NativeSelect
        label="Outcome"
        size="xs"
        value={form.outcome ?? ""}
        onChange={(event) => setForm({ ...form, outcome: (event.currentTarget.value || undefined) as AuditOutcome | undefined })}
        data={[{ value: "", label: "any" }, ...Object.keys(OUTCOME)]}
      />
      <span className={styles.go}>
        <Button size="xs" type="submit" variant="filled">
          Look
        </Button>
        {Object.keys(filter).length > 0 ? (
          <Link to="/audit" search={{}}>
            Take all away
          </Link>
        ) : null}
      </span>
    </form>
  );
}

/** Whether the log is what was appended: the chain of hashes, and the signed checkpoints. */
function Verify() {
  const check = useMutation({ mutationFn: verify });
  const report = check.data;
  return (
    <div className={styles.verify} data-found={report ? (report.first_bad ? "bad" : "good") : undefined}>
      <div role="status">
        {report ? (
          report.first_bad ? (
            <p>
              <strong>The log is not what was appended.</strong> First at event {report.first_bad.seq}: {report.first_bad.reason}
            </p>
          ) : (
            <>
              <p>
                <strong>The log holds.</strong> {plural(report.events, "event")} in order, {plural(report.checkpoints, "checkpoint")} over{" "}
                {plural(report.signed, "event")}.
              </p>
              <p className={styles.head}>
                head <code>{report.head}</code>
              </p>
            </>
          )
        ) : (
          <p>Check that nothing was changed, left out or put in since it was written.</p>
        )}
      </div>
      <Button size="xs" loading={check.isPending} onClick={() => check.mutate()}>
        {report ? "Check again" : "Verify the log"}
      </Button>
      {check.isError ? <Trouble problem={check.error} /> : null}
    </div>
  );
}
