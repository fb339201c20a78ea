import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, done, take } from "~/api/client";
import type { ApiKey, Me, Scope } from "~/api/generated/api";
import { moment } from "~/parts/format";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { keys } from "./queries";
import styles from "./Settings.module.css";

/** How long a new key counts, in days; the server takes 366 at the most. */
const DAYS = 90;

/** Keys for programs: what they may do, and since when they were not used. */
export function Keys({ who }: { who: Me }) {
  const { data, error, refetch } = useQuery(keys);
  const [made, setMade] = useState<{ name: string; text: string }>();
  const items = (data?.items ?? []).filter(({ revoked_at }) => !revoked_at);
  return (
    <Section title="API keys" aside={data ? `${items.length}` : undefined}>
      {made ? (
        <div className={lists.made} role="status">
          <p>
            <strong>The key of {made.name}</strong> is shown once. Copy it now:
          </p>
          <code>{made.text}</code>
          <span className={lists.buttons}>
            <Button size="xs" onClick={() => void navigator.clipboard.writeText(made.text)}>
              Copy
            </Button>
            <Button size="xs" onClick={() => setMade(undefined)}>
              I have it
            </Button>
          </span>
        </div>
      ) : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the keys" lines={2} /> : null}
      {items.length > 0 ? (
        <ul className={lists.rows}>
          {items.map((key) => (
            <Key key={key.id} of={key} shown={setMade} />
          ))}
        </ul>
      ) : null}
      {data && items.length === 0 ? <p className={lists.note}>None. Programs ask with a key of yours, and may do no more than you may.</p> : null}
      <NewKey who={who} shown={setMade} />
    </Section>
  );
}

interface Shown {
  shown: (made: { name: string; text: string }) => void;
}

function Key({ of, shown }: { of: ApiKey } & Shown) {
  const queries = useQueryClient();
  const path = { key: of.id };
  const onSettled = () => queries.invalidateQueries({ queryKey: ["keys"] });
  const rotate = useMutation({
    mutationFn: async () => take(client.POST("/api/keys/{key}/rotate", { params: { path }, body: {} })),
    onSuccess: ({ text }) => shown({ name: of.name, text }),
    onSettled,
  });
  const revoke = useMutation({ mutationFn: () => done(client.DELETE("/api/keys/{key}", { params: { path } })), onSettled });
  const [sure, setSure] = useState(false);
  const ends = of.versions.at(-1)?.expires;
  const failed = rotate.error ?? revoke.error;
  return (
    <li>
      <span>
        <span className={lists.title}>{of.name}</span>
        <span className={lists.about}>
          <span>{of.scopes.join(", ")}</span>
          <span>{of.used_at ? <>used <When at={of.used_at} /></> : "never used"}</span>
          {ends ? <span>until {moment(ends)}</span> : <span>without an end</span>}
        </span>
        {failed ? <Trouble problem={failed} /> : null}
      </span>
      <span className={lists.buttons}>
        <Button size="xs" loading={rotate.isPending} onClick={() => rotate.mutate()} title="A new text; the old one counts for a day more">
          Rotate
        </Button>
        <Button size="xs" loading={revoke.isPending} onClick={() => (sure ? revoke.mutate() : setSure(true))} onBlur={() => setSure(false)}>
          {sure ? "Its program is shut out" : "Revoke"}
        </Button>
      </span>
    </li>
  );
}

function NewKey({ who, shown }: { who: Me } & Shown) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["work:read"]);
  const make = useMutation({
    mutationFn: async () => {
      const expires = new Date(Date.now() + DAYS * 86_400_000).toISOString();
      return take(client.POST("/api/keys", { body: { name, scopes: [...scopes], expires } }));
    },
    onSuccess: ({ text }) => {
      shown({ name, text });
      setName("");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });
  const toggle = (scope: Scope) =>
    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  const ready = name.trim() !== "" && scopes.length > 0 && !make.isPending;
  return (
    <details>
      <summary className={styles.summary}>Make a key</summary>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) make.mutate();
        }}
      >
        <TextInput
          label="Name"
          description={`It counts for ${DAYS} days`}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
        />
        <fieldset className={styles.scopes}>
          <legend>It may</legend>
          {who.scopes.map((scope) => (
            <label key={scope}>
              <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} />
              {scope}
            </label>
          ))}
        </fieldset>
        {make.isError ? <Trouble problem={make.error} /> : null}
        <Button type="submit" variant="filled" loading={make.isPending} disabled={!ready}>
          Make it
        </Button>
      </form>
    </details>
  );
}
