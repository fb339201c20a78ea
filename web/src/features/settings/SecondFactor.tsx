import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, done, take } from "~/api/client";
import type { Me } from "~/api/generated/api";
import { moment } from "~/parts/format";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { isOld, Refused } from "./Refused";
import styles from "./Settings.module.css";

/** Codes by time of an app on a phone, which every sign-in then asks for beside the password. */
export function SecondFactor({ who }: { who: Me }) {
  const [codes, setCodes] = useState<string[]>();
  const since = who.user?.second_factor_at;
  if (!who.user) return null;
  return (
    <Section title="Second factor" aside={since ? "on" : "off"}>
      {codes ? <Recovery codes={codes} kept={() => setCodes(undefined)} /> : null}
      {since ? <Kept since={since} shown={setCodes} /> : <SetUp shown={setCodes} />}
    </Section>
  );
}

interface Shown {
  shown: (codes: string[]) => void;
}

/** Recovery codes are shown once: who closes the page without them makes others. */
function Recovery({ codes, kept }: { codes: string[]; kept: () => void }) {
  return (
    <div className={lists.made} role="status">
      <p>
        <strong>Recovery codes</strong> are shown once. Each takes the place of one of the app, once. Keep them where the phone is not:
      </p>
      <pre>{codes.join("\n")}</pre>
      <span className={lists.buttons}>
        <Button size="xs" onClick={() => void navigator.clipboard.writeText(codes.join("\n"))}>
          Copy
        </Button>
        <Button size="xs" onClick={kept}>
          I have them
        </Button>
      </span>
    </div>
  );
}

function SetUp({ shown }: Shown) {
  const queries = useQueryClient();
  const begin = useMutation({ mutationFn: async () => take(client.POST("/api/auth/second-factor")) });
  const confirm = useMutation({
    mutationFn: async (code: string) => take(client.POST("/api/auth/second-factor/confirm", { body: { code } })),
    onSuccess: ({ codes }) => {
      shown(codes);
      return queries.invalidateQueries({ queryKey: ["me"] });
    },
  });
  if (!begin.data) {
    return (
      <>
        <p className={lists.note}>With it a password alone lets nobody in: signing in asks for a code of an app on your phone as well.</p>
        {begin.isError ? <Refused problem={begin.error} what="A second factor" to="/settings" /> : null}
        {isOld(begin.error) ? null : (
          <Button onClick={() => begin.mutate()} loading={begin.isPending}>
            Set it up
          </Button>
        )}
      </>
    );
  }
  return (
    <>
      <p className={lists.note}>Read this with the app, or type the secret into it. Then type the code that it shows.</p>
      <img src={`data:image/svg+xml;utf8,${encodeURIComponent(begin.data.qr)}`} alt="The secret, for the camera of an app" width={240} height={240} />
      <p>
        <code>{begin.data.secret}</code>
      </p>
      <CodeForm label="Code of the app" action="Confirm it" busy={confirm.isPending} problem={confirm.error} taken={(code) => confirm.mutate(code)} />
    </>
  );
}

function Kept({ since, shown }: Shown & { since: string }) {
  const queries = useQueryClient();
  const renew = useMutation({
    mutationFn: async (code: string) => take(client.POST("/api/auth/second-factor/recovery-codes", { body: { code } })),
    onSuccess: ({ codes }) => shown(codes),
  });
  const remove = useMutation({
    mutationFn: (code: string) => done(client.POST("/api/auth/second-factor/remove", { body: { code } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["me"] }),
  });
  return (
    <>
      <p className={lists.note}>Signing in asks for a code since {moment(since)}.</p>
      <details>
        <summary className={styles.summary}>Make other recovery codes</summary>
        <CodeForm label="Code of the app" action="Make them" busy={renew.isPending} problem={renew.error} taken={(code) => renew.mutate(code)} />
      </details>
      <details>
        <summary className={styles.summary}>Remove the second factor</summary>
        <CodeForm
          label="Code of the app, or a recovery code"
          action="Remove it"
          busy={remove.isPending}
          problem={remove.error}
          taken={(code) => remove.mutate(code)}
        />
      </details>
    </>
  );
}

interface CodeProps {
  label: string;
  action: string;
  busy: boolean;
  problem: unknown;
  taken: (code: string) => void;
}

function CodeForm({ label, action, busy, problem, taken }: CodeProps) {
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code !== "" && !busy) taken(code);
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextInput
        label={label}
        autoComplete="one-time-code"
        spellCheck={false}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      {problem ? <Trouble problem={problem} /> : null}
      <Button type="submit" loading={busy} disabled={code === ""}>
        {action}
      </Button>
    </form>
  );
}
