import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client, done } from "~/api/client";
import type { Me } from "~/api/generated/api";
import { moment } from "~/parts/format";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import styles from "./Settings.module.css";

const SHORTEST = 12;

/** Who one is, and the password. */
export function Profile({ who }: { who: Me }) {
  const rows: [string, string][] = [
    ["Email", who.person],
    ["Role", who.role],
  ];
  if (who.user) rows.push(["Since", moment(who.user.joined_at)]);
  return (
    <Section title="Profile">
      <dl className={styles.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>May</dt>
          <dd>
            <ul className={styles.may}>
              {who.scopes.map((scope) => (
                <li key={scope}>{scope}</li>
              ))}
            </ul>
          </dd>
        </div>
      </dl>
      {who.user ? <NewPassword email={who.person} /> : null}
    </Section>
  );
}

function NewPassword({ email }: { email: string }) {
  const [form, setForm] = useState({ before: "", after: "" });
  const change = useMutation({
    mutationFn: () => done(client.POST("/api/auth/password", { body: { old: form.before, new: form.after } })),
    onSuccess: () => setForm({ before: "", after: "" }),
  });
  const ready = form.before !== "" && form.after.length >= SHORTEST && !change.isPending;
  return (
    <details>
      <summary className={styles.summary}>Choose another password</summary>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) change.mutate();
        }}
      >
        <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
        <PasswordInput
          label="The one until now"
          autoComplete="current-password"
          value={form.before}
          onChange={(event) => setForm({ ...form, before: event.currentTarget.value })}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
        />
        <PasswordInput
          label="The new one"
          description={`${SHORTEST} characters or more. Your other sessions end.`}
          autoComplete="new-password"
          value={form.after}
          onChange={(event) => setForm({ ...form, after: event.currentTarget.value })}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
        />
        {change.isError ? <Trouble problem={change.error} /> : null}
        {change.isSuccess ? (
          <p className={lists.good} role="status">
            The password is changed, and every other session is over.
          </p>
        ) : null}
        <Button type="submit" variant="filled" loading={change.isPending} disabled={!ready}>
          Change it
        </Button>
      </form>
    </details>
  );
}
