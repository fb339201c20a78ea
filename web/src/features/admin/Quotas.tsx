import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, done, take } from "~/api/client";
import { quotas } from "~/api/fleet";
import type { NewQuota, QuotaRow } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { projects } from "~/api/work";
import { Export } from "~/parts/Export";
import { Limits } from "~/parts/Limits";
import { Page, Section } from "~/parts/Page";
import { liftCommand, PER, quotaOf, scopeText, scopeWords, setCommand } from "~/parts/quota";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Quotas.module.css";
import { Views } from "./Views";

/** What may be spent, by whom: each quota, and the command that does the same. */
export function Quotas() {
  const { data: who } = useQuery(me);
  const { data, error, refetch } = useQuery(quotas);
  const [begun, setBegun] = useState<Form>(EMPTY);
  const [key, setKey] = useState(0);
  const items = data?.items ?? [];
  const isOurs = may(who, "system:write");
  const change = ({ scope, quota }: QuotaRow) => {
    const text = scopeText(scope);
    const mark = text.indexOf(":");
    setBegun({
      kind: scope.kind,
      name: mark < 0 ? "" : text.slice(mark + 1),
      usd: quota.budget.usd == null ? "" : String(quota.budget.usd / 1e6),
      tokens: quota.budget.tokens == null ? "" : String(quota.budget.tokens),
      runs: quota.runs == null ? "" : String(quota.runs),
      per: quota.per,
    });
    setKey((before) => before + 1);
  };
  const rows = () =>
    items.map(({ scope, quota, spent, runs, renews, set_by, set_at }) => ({
      scope: scopeText(scope),
      per: quota.per,
      usd: quota.budget.usd == null ? null : quota.budget.usd / 1e6,
      tokens: quota.budget.tokens,
      runs: quota.runs,
      spent_usd: spent.usd / 1e6,
      spent_tokens: spent.tokens_in + spent.tokens_out,
      running: runs,
      renews,
      set_by,
      set_at,
    }));
  return (
    <Page title="Quotas" about="What may be spent in a period, and how many runs at once. Asked before each call of a model." actions={items.length > 0 ? <Export name="quotas" rows={rows} /> : null}>
      <Views />
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the quotas" lines={3} /> : null}
      {data && items.length === 0 ? <p className={lists.note}>None. Only the budget of each run limits what it spends.</p> : null}
      {items.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`}>
          {items.map((row) => (
            <Item key={scopeText(row.scope)} row={row} isOurs={isOurs} change={() => change(row)} />
          ))}
        </ul>
      ) : null}
      {isOurs ? (
        <Section title="Set a quota">
          <Setting key={key} begun={begun} hasFocus={key > 0} />
        </Section>
      ) : (
        <p className={lists.note}>Who may change the system sets them.</p>
      )}
    </Page>
  );
}

function Item({ row, isOurs, change }: { row: QuotaRow; isOurs: boolean; change: () => void }) {
  const queries = useQueryClient();
  const scope = scopeText(row.scope);
  const [sure, setSure] = useState(false);
  const lift = useMutation({
    mutationFn: () => done(client.DELETE("/api/budgets/{scope}", { params: { path: { scope } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["budgets"] }),
  });
  return (
    <li>
      <span>
        <span className={lists.title}>{scopeWords(row.scope)}</span>
        <span className={lists.about}>
          <span>
            {PER[row.quota.per]}
            {row.renews ? `, anew on ${row.renews}` : ""}
          </span>
          <span>
            set by {row.set_by.replace(/^person:/, "")}, <When at={row.set_at} />
          </span>
        </span>
      </span>
      <Limits row={row} />
      {isOurs ? (
        <span className={lists.buttons}>
          <Button size="xs" aria-label={`Change the quota of ${scope}`} onClick={change}>
            Change
          </Button>
          <Button
            size="xs"
            loading={lift.isPending}
            aria-label={sure ? undefined : `Lift the quota of ${scope}`}
            title={liftCommand(scope)}
            onBlur={() => setSure(false)}
            onClick={() => (sure ? lift.mutate() : setSure(true))}
          >
            {sure ? "Limits no more from now on" : "Lift"}
          </Button>
        </span>
      ) : null}
      {sure ? <Command text={liftCommand(scope)} /> : null}
      {lift.isError ? <Trouble problem={lift.error} /> : null}
    </li>
  );
}

interface Form {
  readonly kind: "tenant" | "project" | "agent" | "key";
  readonly name: string;
  readonly usd: string;
  readonly tokens: string;
  readonly runs: string;
  readonly per: "day" | "month" | "ever";
}

const EMPTY: Form = { kind: "tenant", name: "", usd: "", tokens: "", runs: "", per: "month" };
const WHOSE = [
  { value: "tenant", label: "Everything" },
  { value: "project", label: "A project" },
  { value: "agent", label: "An agent" },
  { value: "key", label: "An API key" },
];

function Setting({ begun, hasFocus }: { begun: Form; hasFocus: boolean }) {
  const queries = useQueryClient();
  const { data: known } = useQuery(projects);
  const [form, setForm] = useState(begun);
  const set = useMutation({
    mutationFn: async (quota: NewQuota) => take(client.POST("/api/budgets", { body: quota })),
    onSuccess: () => setForm(EMPTY),
    onSettled: () => queries.invalidateQueries({ queryKey: ["budgets"] }),
  });
  const quota = quotaOf({ ...form, scope: form.kind === "tenant" ? "tenant" : `${form.kind}:${form.name.trim()}`, runs: form.kind === "agent" ? "" : form.runs });
  const field = (name: "name" | "usd" | "tokens" | "runs") => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
    autoComplete: "off",
    spellCheck: false,
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (quota && !set.isPending) set.mutate(quota);
      }}
    >
      <NativeSelect label="Whose spending" autoFocus={hasFocus} value={form.kind} data={WHOSE} onChange={(event) => setForm({ ...form, kind: event.currentTarget.value as Form["kind"], name: "" })} />
      {form.kind === "tenant" ? null : (
        <>
          <TextInput label={{ project: "Its name", agent: "Its name", key: "Its id" }[form.kind]} placeholder={{ project: "shop", agent: "implementer", key: "key_…" }[form.kind]} list="quota-projects" {...field("name")} />
          {form.kind === "project" ? (
            <datalist id="quota-projects">
              {known?.items.map(({ id }) => (
                <option key={id} value={id} />
              ))}
            </datalist>
          ) : null}
        </>
      )}
      <TextInput label="US dollars" inputMode="decimal" placeholder="no limit" {...field("usd")} />
      <TextInput label="Tokens" inputMode="numeric" placeholder="no limit" {...field("tokens")} />
      {form.kind === "agent" ? null : <TextInput label="Runs at once" inputMode="numeric" placeholder="no limit" {...field("runs")} />}
      <NativeSelect
        label="Begins anew"
        value={form.per}
        onChange={(event) => setForm({ ...form, per: event.currentTarget.value as Form["per"] })}
        data={[
          { value: "day", label: "each day, in UTC" },
          { value: "month", label: "each month, in UTC" },
          { value: "ever", label: "never" },
        ]}
      />
      {quota ? <Command text={setCommand(quota)} /> : <p className={lists.note}>Say at least one limit; what is left empty is not limited.</p>}
      {set.isError ? <Trouble problem={set.error} /> : null}
      <Button type="submit" variant="filled" loading={set.isPending} disabled={!quota}>
        Set the quota
      </Button>
      {set.isSuccess ? (
        <p className={lists.good} role="status">
          It holds from the next call on.
        </p>
      ) : null}
    </form>
  );
}

/** What does the same on the command line. */
function Command({ text }: { text: string }) {
  return (
    <div className={`${styles.command} ${styles.wide}`}>
      <span>
        The same as <code>{text}</code>
      </span>
      <Button size="xs" onClick={() => void navigator.clipboard.writeText(text)}>
        Copy
      </Button>
    </div>
  );
}
