import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Setting } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { CommandLine } from "~/parts/CommandLine";
import { Export } from "~/parts/Export";
import { count, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { type SettingsLook, settingsLookOf } from "./look";
import styles from "./ProgramSettings.module.css";
import { settings } from "./queries";
import { fileLine, found, isChanged, isStronger, type Switch, switches, variableLine } from "./setting";
import { Views } from "./Views";

const route = getRouteApi("/inside/admin/settings");

/** With which settings the server was started, where each is from, and what is turned on. */
export function ProgramSettings() {
  const { data: who } = useQuery(me);
  const mayRead = may(who, "system:write");
  const { data, error, refetch } = useQuery({ ...settings, enabled: mayRead });
  if (who && !mayRead) {
    return (
      <Page title="Settings of the program">
        <Nothing title="This is for who looks after the system">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page
      title="Settings of the program"
      about="What the server was started with. It reads its settings when it starts, so none is changed on this page."
      actions={data ? <Take items={data.items} /> : null}
    >
      <Views />
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the settings" lines={8} /> : null}
      {data ? <Held items={data.items} /> : null}
    </Page>
  );
}

function Take({ items }: { items: readonly Setting[] }) {
  const look = route.useSearch();
  const rows = () =>
    look.show === "switches"
      ? found(switches(items), look).map(({ key, word, value, from, about }) => ({ key, stands: word, value, from, about }))
      : found(items.filter((one) => look.show !== "changed" || isChanged(one)), look).map(({ key, value, from }) => ({ key, value, from }));
  return <Export name={look.show === "switches" ? "switches" : "settings"} rows={rows} />;
}

const SHOWN = [
  [undefined, "All"],
  ["changed", "Changed"],
  ["switches", "Feature switches"],
] as const;

function Held({ items }: { items: readonly Setting[] }) {
  const look = route.useSearch();
  const changed = items.filter(isChanged);
  const all = switches(items);
  const many = { every: items.length, changed: changed.length, switches: all.length };
  return (
    <>
      <nav className={styles.views} aria-label="Which settings">
        {SHOWN.map(([show, label]) => (
          <Link
            key={label}
            to="/admin/settings"
            search={settingsLookOf({ ...look, show })}
            resetScroll={false}
            activeOptions={{ exact: true }}
          >
            {label} <span>{count(many[show ?? "every"])}</span>
          </Link>
        ))}
      </nav>
      <Find look={look} />
      {look.show === "switches" ? <Switches items={found(all, look)} /> : look.show === "changed" ? <Changed items={found(changed, look)} none={changed.length === 0} /> : <Every items={found(items, look)} />}
    </>
  );
}

function Find({ look }: { look: SettingsLook }) {
  const navigate = useNavigate();
  return (
    <search className={styles.find}>
      <TextInput
        label="Find"
        type="search"
        size="xs"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        placeholder="part of a key, a value or a place"
        value={look.text ?? ""}
        onChange={({ currentTarget: { value } }) => void navigate({ to: "/admin/settings", search: settingsLookOf({ ...look, text: value }), replace: true, resetScroll: false })}
      />
    </search>
  );
}

function NoneLikeThat() {
  return (
    <Nothing title="No setting is like that">
      <p>
        <Link to="/admin/settings" search={{}}>
          Show every setting
        </Link>
      </p>
    </Nothing>
  );
}

function Changed({ items, none }: { items: readonly Setting[]; none: boolean }) {
  if (none) {
    return (
      <Nothing title="All is as it ships">
        <p>No file, no variable and no option of the command line sets anything.</p>
      </Nothing>
    );
  }
  return <Every items={items} changed />;
}

function Every({ items, changed = false }: { items: readonly Setting[]; changed?: boolean }) {
  if (items.length === 0) return <NoneLikeThat />;
  return (
    <>
      <Table label="Settings" columns={[{ name: "Setting" }, { name: "Value" }, { name: "From" }]}>
        {items.map((setting) => (
          <tr key={setting.key} data-changed={(!changed && isChanged(setting)) || undefined} className={styles.setting}>
            <td>
              <code>{setting.key}</code>
            </td>
            <td data-words>
              <code className={styles.value}>{setting.value}</code>
            </td>
            <td>{isChanged(setting) ? <code>{setting.from}</code> : "default"}</td>
          </tr>
        ))}
      </Table>
      <p className={styles.note}>
        {plural(items.length, "setting")}
        {changed ? " that a file, a variable or an option of the command line sets; all others are as they ship" : ""}. What each means stands under <em>Configuration</em> in the book; <code>swarm config show</code> lists what a start in that folder would read now.
      </p>
    </>
  );
}

function Switches({ items }: { items: readonly Switch[] }) {
  if (items.length === 0) return <NoneLikeThat />;
  return (
    <ul className={`${lists.rows} ${styles.switches}`} aria-label="Feature switches">
      {items.map((one) => (
        <Item key={one.key} of={one} />
      ))}
    </ul>
  );
}

const MARK = { on: "done", off: "waiting", mode: "needs_person" } as const;

function Item({ of }: { of: Switch }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <span className={styles.stands}>{of.stands === "mode" && !of.key.startsWith("flows.gate.") ? <code>{of.word}</code> : <StateMark state={MARK[of.stands]} label={of.word} />}</span>
      <span>
        <code className={lists.title}>{of.key}</code>
        <span className={lists.about}>
          {of.about ? <span>{of.about}</span> : null}
          <span>{isChanged(of) ? `from ${of.from}` : "by default"}</span>
        </span>
      </span>
      <details className={styles.how} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          Change it<span className="only-heard">: {of.key}</span>
        </summary>
        {open ? <How of={of} /> : null}
      </details>
    </li>
  );
}

/** What is to be written where, so that it stands otherwise from the next start on. */
function How({ of }: { of: Switch }) {
  const [to, setTo] = useState(of.others[0] ?? of.value);
  const variable = variableLine(of.key, to);
  return (
    <div className={styles.inside}>
      {of.others.length > 1 ? <NativeSelect size="xs" label="To" className={styles.to} value={to} data={[...of.others]} onChange={(event) => setTo(event.currentTarget.value)} /> : null}
      <p>
        In <code>swarm.toml</code>, in the folder that swarm is started in; where that section is there already, the last line goes into it:
      </p>
      <CommandLine label={`the lines for ${of.key}`} text={fileLine(of.key, to)} />
      {variable ? (
        <>
          <p>Or as a variable of its environment, which goes before the file:</p>
          <CommandLine label={`the variable for ${of.key}`} text={variable} />
        </>
      ) : null}
      <p>
        It holds from the next start.{" "}
        {isStronger(of) ? (
          <>
            Now <code>{of.from}</code> says otherwise, and goes before the file.
          </>
        ) : null}
      </p>
    </div>
  );
}
