import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { PolicyFileView, PolicyList, PolicyText } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page, Section } from "~/parts/Page";
import { StateMark } from "~/parts/StateMark";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { aboutOf, actionsOf, explainCommand, grantsOf } from "./policy";
import styles from "./Policies.module.css";
import { type Question, questionOf } from "./question";
import { explained, policies, users } from "./queries";
import { ROLES } from "./roles";
import { Views } from "./Views";

const route = getRouteApi("/inside/admin/policies");

/** Who may do what, by which policies, and why. */
export function Policies() {
  const { data: who } = useQuery(me);
  const mayRead = may(who, "audit:read");
  const { data, error, refetch } = useQuery({ ...policies, enabled: mayRead });
  if (who && !mayRead) {
    return (
      <Page title="Policies">
        <Nothing title="This is for who may read the record">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page title="Policies" about="By these everything is decided: what none permits is denied, and what one forbids is denied whatever permits it.">
      <Views />
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the policies" lines={6} /> : null}
      {data ? <Held list={data} mayAsk={may(who, "users:write")} maySeeUsers={may(who, "users:read")} /> : null}
    </Page>
  );
}

function Held({ list, mayAsk, maySeeUsers }: { list: PolicyList; mayAsk: boolean; maySeeUsers: boolean }) {
  const question = route.useSearch();
  return (
    <>
      <Section title="Why somebody may, or may not">
        {mayAsk ? <Ask key={JSON.stringify([question.who, question.action, question.about])} question={question} list={list} maySeeUsers={maySeeUsers} /> : <p className={styles.note}>Who may change accounts can ask this here.</p>}
        {mayAsk && question.who && question.action ? <Answer who={question.who} action={question.action} about={question.about} /> : null}
      </Section>
      <Roles list={list} />
      <Files list={list} open={question.file} />
    </>
  );
}

function Ask({ question, list, maySeeUsers }: { question: Question; list: PolicyList; maySeeUsers: boolean }) {
  const navigate = useNavigate();
  const { data: known } = useQuery({ ...users, enabled: maySeeUsers });
  const actions = useMemo(() => actionsOf(list.schema).filter(({ on }) => on.length > 0), [list.schema]);
  const [form, setForm] = useState({ who: question.who ?? "", action: question.action ?? "", about: question.about ?? "" });
  const about = aboutOf(actions, form.action.trim());
  const ready = form.who.trim() !== "" && form.action.trim() !== "";
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
  });
  return (
    <form
      className={styles.ask}
      onSubmit={(event) => {
        event.preventDefault();
        const { file } = question;
        if (ready) void navigate({ to: "/admin/policies", search: questionOf({ ...form, file }), resetScroll: false });
      }}
    >
      <TextInput label="Who" description="An address, a key, or one of the list" placeholder="ada@example.org" list="policy-who" {...field("who")} />
      <TextInput label="Does what" description="A scope, or an operation of the API" placeholder="runs:write" list="policy-actions" {...field("action")} />
      <TextInput label="To what" description={about?.[0] ?? "Nothing single, for this"} placeholder={about?.[1] ?? ""} {...field("about")} />
      <Button type="submit" variant="filled" disabled={!ready}>
        Explain
      </Button>
      <datalist id="policy-who">
        {["operator", "anybody", "agent:coder", ...(known?.items ?? []).map(({ email }) => email)].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <datalist id="policy-actions">
        {actions.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}

/** The decision in words, and the policies that made it so. */
function Answer({ who, action, about }: { who: string; action: string; about: string | undefined }) {
  const { data, error, isFetching, refetch } = useQuery(explained(who, action, about));
  if (!data) return error ? <Trouble problem={error} again={() => void refetch()} /> : <Waiting what="Loading the decision" lines={2} />;
  return (
    <div className={styles.answer} data-allowed={data.allowed} role="status" aria-busy={isFetching}>
      <p className={styles.verdict}>
        <StateMark state={data.allowed ? "accepted" : "failed"} label={data.allowed ? "Allowed" : "Denied"} />
        <span>
          {data.who}: <code>{data.action}</code>
          {data.action.startsWith("tool:") ? (about ? <>, about <code>{about}</code></> : null) : `, about ${data.about.trim()}`}
        </span>
      </p>
      <ul className={styles.words}>
        {data.words.map((line) => (
          <li key={line}>{ticked(line)}</li>
        ))}
        {data.errors.map((line) => (
          <li key={line}>{ticked(line)}.</li>
        ))}
      </ul>
      {data.policies.map((policy) => (
        <Policy key={policy.id} policy={policy} from />
      ))}
      <p className={styles.command}>
        <code>{explainCommand({ who, action, ...(about ? { about } : {}) })}</code>
        <span>says the same.</span>
      </p>
    </div>
  );
}

/** What stands between ticks, as it is typed. */
function ticked(line: string) {
  return line.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}

/** One policy, each line of it with its number in the file. */
function Policy({ policy, from = false }: { policy: PolicyText; from?: boolean }) {
  return (
    <figure className={styles.policy}>
      <figcaption>
        <StateMark state={policy.effect === "permit" ? "accepted" : "failed"} label={policy.effect === "permit" ? "permits" : "forbids"} />
        <strong>{policy.id}</strong>
        {from ? (
          <Link to="/admin/policies" search={(before) => ({ ...before, file: policy.file })} hash={policy.file} resetScroll={false}>
            {policy.file}:{policy.line}
          </Link>
        ) : null}
      </figcaption>
      <ol className={styles.lines} start={policy.line} tabIndex={0} aria-label={`The text of ${policy.id}`}>
        {policy.text.split("\n").map((line, at) => (
          <li key={at}>
            <code>{line}</code>
          </li>
        ))}
      </ol>
    </figure>
  );
}

function Roles({ list }: { list: PolicyList }) {
  const { scopes, of, besides } = useMemo(() => grantsOf(list), [list]);
  const roles = ROLES.map(({ role }) => role);
  const rows = () => scopes.map((scope) => ({ scope, ...Object.fromEntries(roles.map((role) => [role, of.get(role)?.has(scope) ?? false])) }));
  return (
    <Section title="What each role may" aside={<Export name="roles" rows={rows} />}>
      <Table label="What each role may" columns={[{ name: "Scope" }, ...roles.map((name) => ({ name }))]}>
        {scopes.map((scope) => (
          <tr key={scope}>
            <td>
              <code>{scope}</code>
            </td>
            {roles.map((role) => {
              const has = of.get(role)?.has(scope) ?? false;
              return (
                <td key={role} className={has ? styles.yes : styles.no}>
                  {has ? "may" : "–"}
                </td>
              );
            })}
          </tr>
        ))}
      </Table>
      {besides.length > 0 ? (
        <ul className={styles.besides}>
          {besides.map(({ role, what, policy }) => (
            <li key={`${policy.id} ${what}`}>
              Besides, <code>{policy.id}</code> permits {role} {what.includes(",") ? what : <code>{what}</code>}.{" "}
              <Link to="/admin/policies" search={(before) => ({ ...before, file: policy.file })} hash={policy.file} resetScroll={false}>
                {policy.file}:{policy.line}
              </Link>
            </li>
          ))}
        </ul>
      ) : null}
      <p className={styles.note}>Read out of what permits. What is forbidden whatever the role stands in the files.</p>
    </Section>
  );
}

function Files({ list: { items, schema }, open }: { list: PolicyList; open: string | undefined }) {
  const rows = () => items.flatMap(({ built_in, policies }) => policies.map(({ id, file, line, effect, text }) => ({ file, line, id, effect, built_in, text })));
  return (
    <Section title="Files" aside={<Export name="policies" rows={rows} />}>
      <div className={styles.files}>
        {items.map((file) => (
          <File key={file.name} file={file} isOpen={file.name === open} />
        ))}
        <details>
          <summary>
            <span className={styles.title}>What policies can speak of</span>
            <span className={styles.about}>the schema: who, what, and about what</span>
          </summary>
          <pre className={styles.schema} tabIndex={0} aria-label="The schema">
            {schema}
          </pre>
        </details>
      </div>
      {items.every(({ built_in }) => built_in) ? (
        <p className={styles.note}>
          All of them are built in. Yours are read from the folder that <code>policy.folder</code> names, when swarm starts.
        </p>
      ) : null}
    </Section>
  );
}

function File({ file: { name, built_in, policies }, isOpen }: { file: PolicyFileView; isOpen: boolean }) {
  const forbids = policies.filter(({ effect }) => effect === "forbid").length;
  const says = [
    policies.length > forbids ? plural(policies.length - forbids, "permit") : "",
    forbids > 0 ? plural(forbids, "forbid") : "",
  ].filter((words) => words !== "");
  return (
    <details id={name} open={isOpen}>
      <summary>
        <span className={styles.title}>{name}</span>
        <span className={styles.about}>
          {built_in ? "built in" : <strong>yours</strong>}, {says.join(", ") || "nothing"}
        </span>
      </summary>
      <div className={styles.inside}>
        {policies.map((policy) => (
          <Policy key={policy.id} policy={policy} />
        ))}
      </div>
    </details>
  );
}
