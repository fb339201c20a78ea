import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { overview } from "~/api/fleet";
import type { AgentFile, AgentText } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { pieces } from "~/parts/flow";
import { Page, Section } from "~/parts/Page";
import { RECORD_COLUMNS, RecordCells, recordRow } from "~/parts/Record";
import lists from "~/parts/Rows.module.css";
import { Table } from "~/parts/Table";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { armsOf, shortVersion } from "./agentFile";
import styles from "./AgentFiles.module.css";
import { agentText } from "./queries";

const route = getRouteApi("/inside/admin/agents/$agent");

/** One agent: its file, what it is told, and what it did so far. */
export function AgentPage() {
  const { agent } = route.useParams();
  const { data, error, refetch } = useQuery(agentText(agent));
  return (
    <Page title={agent} about={data?.agent.description} above={<Link to="/admin/agents">Agents' files</Link>}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the agent" lines={8} /> : null}
      {data ? <Held text={data} /> : null}
    </Page>
  );
}

function Held({ text: { agent, prompt } }: { text: AgentText }) {
  return (
    <>
      <Section title="Its file">
        <Facts agent={agent} />
      </Section>
      <Did agent={agent.name} />
      <Section title="What it is told" aside="Markdown, with what it inherits">
        {prompt.trim() === "" ? (
          <p className={lists.note}>Nothing of its own.</p>
        ) : (
          <pre className={styles.prompt} tabIndex={0} role="group" aria-label={`What ${agent.name} is told`}>
            {prompt}
          </pre>
        )}
      </Section>
    </>
  );
}

function Facts({ agent: { name, can, tools, models, rules, file, built_in, version } }: { agent: AgentFile }) {
  const { data: who } = useQuery(me);
  const facts: [string, ReactNode][] = [
    ["Can", can.join(", ") || "nothing by itself: what calls it says what for"],
    ["Tools", tools.length > 0 ? <Words all={tools} /> : "none"],
    [
      "Models",
      models.length > 0 ? (
        <Words all={models} />
      ) : (
        <Link to="/admin/models">as configured</Link>
      ),
    ],
    [
      "Rules",
      rules.length > 0 ? (
        <ul>
          {rules.map((rule) => (
            <li key={rule}>{pieces(rule).map(({ code, text }, at) => (code ? <code key={at}>{text}</code> : text))}</li>
          ))}
        </ul>
      ) : (
        "none of its own"
      ),
    ],
    [
      "File",
      <>
        <code>{file}</code>, {built_in ? "built in" : <strong className={styles.yours}>yours</strong>}
      </>,
    ],
    ["Version", <Version key="version" version={version} />],
  ];
  return (
    <>
      <dl className={styles.facts}>
        {facts.map(([what, said]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{said}</dd>
          </div>
        ))}
      </dl>
      <p className={styles.note}>
        {built_in ? (
          <>
            A file of yours with the name <code>{name}</code> takes its place; with <code>extends: {name}</code> it adds to it. Yours stand in the folder that{" "}
            <Setting link={may(who, "system:write")} /> names.
          </>
        ) : (
          <>
            It is changed in the folder that <Setting link={may(who, "system:write")} /> names, counts from the next attempt on, and an attempt keeps the version that it
            began with.
          </>
        )}
      </p>
    </>
  );
}

function Setting({ link }: { link: boolean }) {
  if (!link) return <code>agents.folder</code>;
  return (
    <Link to="/admin/settings" search={{ text: "agents.folder" }}>
      <code>agents.folder</code>
    </Link>
  );
}

function Words({ all }: { all: readonly string[] }) {
  return (
    <span className={styles.words}>
      {all.map((one) => (
        <code key={one}>{one}</code>
      ))}
    </span>
  );
}

function Version({ version }: { version: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <span className={styles.version}>
      <code title={version}>{shortVersion(version)}</code>
      <Button size="compact-xs" aria-label={copied ? undefined : "Copy the whole version"} onBlur={() => setCopied(false)} onClick={() => void navigator.clipboard.writeText(version).then(() => setCopied(true))}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </span>
  );
}

/** How it did with each model, as the page of the agents has it for all of them. */
function Did({ agent }: { agent: string }) {
  const { data, error, refetch } = useQuery(overview);
  const arms = armsOf(data?.work.arms ?? [], agent);
  const standing = data?.agents.find((one) => one.agent === agent);
  return (
    <Section title="What it did so far" aside={arms.length > 0 ? <Export name={`agent-${agent}`} rows={() => arms.map(recordRow)} /> : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading what it did" lines={2} /> : null}
      {data && arms.length === 0 ? <p className={lists.note}>No attempt of it has ended yet.</p> : null}
      {arms.length > 0 ? (
        <Table
          label="What it did so far"
          columns={[{ name: "Model" }, ...RECORD_COLUMNS]}
        >
          {arms.map((one) => (
            <tr key={one.arm.model}>
              <td>{one.arm.model}</td>
              <RecordCells of={one} />
            </tr>
          ))}
        </Table>
      ) : null}
      {standing ? <p className={styles.note}>Its objective: {standing.words}.</p> : null}
      <p className={styles.note}>
        All of them side by side, and who is at work just now: <Link to="/agents">Agents</Link>.
      </p>
    </Section>
  );
}
