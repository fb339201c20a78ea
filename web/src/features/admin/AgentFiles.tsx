import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { overview } from "~/api/fleet";
import type { AgentFile, AgentList, Overview, Problem as Fault } from "~/api/generated/api";
import { Problem } from "~/api/problem";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { count, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { abilities, didOf, faultWords, found, shortVersion } from "./agentFile";
import styles from "./AgentFiles.module.css";
import { type AgentsLook, agentsLookOf } from "./look";
import { agentFiles } from "./queries";
import { Views } from "./Views";

const route = getRouteApi("/inside/admin/agents");

/** Every agent with its file: what it is for, what it can and may use, and what it did so far. */
export function AgentFiles() {
  const { data: who } = useQuery(me);
  const mayRead = may(who, "work:read");
  const { data, error, refetch } = useQuery({ ...agentFiles, enabled: mayRead });
  if (who && !mayRead) {
    return (
      <Page title="Agents' files">
        <Nothing title="This is for who may see the work">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page
      title="Agents' files"
      about="What each agent is for, what it is told, what it may use, and what its work must hold."
      actions={data && data.items.length > 0 ? <Take items={data.items} /> : null}
    >
      <Views />
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the agents' files" lines={8} /> : null}
      {data ? <Held list={data} /> : null}
    </Page>
  );
}

function Take({ items }: { items: readonly AgentFile[] }) {
  const { data: did } = useQuery(overview);
  const rows = () =>
    items.map(({ can, tools, models, rules, ...one }) => ({
      ...one,
      can: can.join(" "),
      tools: tools.join(" "),
      models: models.join(" "),
      rules: rules.join("\n"),
      ...(did ? didOf(did.work.arms, one.name) : {}),
    }));
  return <Export name="agents-files" rows={rows} />;
}

function Held({ list: { items, faults } }: { list: AgentList }) {
  const look = route.useSearch();
  const { data: did } = useQuery(overview);
  const shown = found(items, look);
  return (
    <>
      <Faults faults={faults} />
      <Filters look={look} items={items} />
      <p className={styles.sum}>
        {shown.length === items.length ? plural(items.length, "agent") : `${count(shown.length)} of ${plural(items.length, "agent")}`}
        {items.every(({ built_in }) => built_in) ? (
          <>
            , all built in. Yours are read from the folder that <code>agents.folder</code> names.
          </>
        ) : (
          `, ${count(items.filter(({ built_in }) => !built_in).length)} of them yours.`
        )}
      </p>
      {shown.length === 0 ? (
        <Nothing title="No agent is like that">
          <p>
            <Link to="/admin/agents" search={{}}>
              Take every filter away
            </Link>
          </p>
        </Nothing>
      ) : (
        <ul className={`${lists.rows} ${styles.list}`} aria-label="Agents">
          {shown.map((agent) => (
            <Item key={agent.name} agent={agent} did={did} />
          ))}
        </ul>
      )}
    </>
  );
}

/** Files that cannot be used: what stands in them does not count. */
function Faults({ faults }: { faults: readonly Fault[] }) {
  if (faults.length === 0) return null;
  return (
    <div className={styles.faults}>
      {faults.map((fault) => (
        <Trouble key={`${fault.code} ${fault.detail}`} title="A file cannot be used" problem={new Problem({ ...fault, detail: faultWords(fault.detail), status: 422 })} />
      ))}
      <p className={lists.note}>Where there was a version before, it is in place. The files are looked at again whenever an agent is needed; with one of these, swarm would not start.</p>
    </div>
  );
}

function Filters({ look, items }: { look: AgentsLook; items: readonly AgentFile[] }) {
  const navigate = useNavigate();
  const field = (name: keyof AgentsLook) => ({
    size: "xs",
    value: look[name] ?? "",
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
      void navigate({ to: "/admin/agents", search: agentsLookOf({ ...look, [name]: value }), replace: true, resetScroll: false }),
  });
  return (
    <search className={styles.filters}>
      <TextInput label="Find" type="search" placeholder="words of a name, a tool, a model" autoComplete="off" spellCheck={false} {...field("text")} />
      <NativeSelect label="Can" {...field("can")} data={[{ value: "", label: "anything" }, ...abilities(items)]} />
      <NativeSelect
        label="Whose"
        {...field("whose")}
        data={[
          { value: "", label: "all" },
          { value: "yours", label: "yours" },
          { value: "built_in", label: "built in" },
        ]}
      />
    </search>
  );
}

function Item({ agent, did }: { agent: AgentFile; did: Overview | undefined }) {
  const { name, description, can, tools, models, rules, file, built_in, version } = agent;
  const { attempts, accepted } = didOf(did?.work.arms ?? [], name);
  return (
    <li>
      <span>
        <Link to="/admin/agents/$agent" params={{ agent: name }} className={`${lists.title} ${styles.name}`}>
          {name}
        </Link>
        <span className={lists.about}>{built_in ? "built in" : <strong className={styles.yours}>yours</strong>}</span>
      </span>
      <span className={styles.what}>
        <span>{description || "Its file does not say what it is for."}</span>
        <span className={lists.about}>
          <span>{can.length > 0 ? `can ${can.join(", ")}` : "can nothing by itself"}</span>
          <span title={tools.join(", ")}>{tools.length > 0 ? plural(tools.length, "tool") : "no tools"}</span>
          <span className={styles.models}>{models.length > 0 ? models.join(", ") : "models as configured"}</span>
          {rules.length > 0 ? <span>{plural(rules.length, "rule")} of its own</span> : null}
        </span>
      </span>
      <span className={styles.figures}>
        <span>{attempts > 0 ? `${plural(attempts, "attempt")}, ${Math.round((100 * accepted) / attempts)} % accepted` : did ? "no attempt yet" : ""}</span>
        <span className={styles.file}>
          <code>{file}</code>
          <code title={`Version ${version}`}>{shortVersion(version)}</code>
        </span>
      </span>
    </li>
  );
}
