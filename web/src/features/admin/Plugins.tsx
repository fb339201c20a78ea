import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Scope } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { Page, Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import styles from "./Plugins.module.css";
import { Views } from "./Views";

interface Way {
  readonly what: string;
  readonly how: ReactNode;
  /** Where it is looked at, and who may. */
  readonly link: ReactNode;
  readonly scope: Scope;
  /** The chapter of the book. */
  readonly chapter: string;
}

/** What can be put into swarm today without a plugin. */
const WAYS: readonly Way[] = [
  {
    what: "Agents",
    how: "A Markdown file for each: what it is told, its tools, its models, and rules that its work must hold.",
    link: <Link to="/admin/agents">Agents' files</Link>,
    scope: "work:read",
    chapter: "Writing agents",
  },
  {
    what: "Models",
    how: "OpenRouter, Anthropic, OpenAI, or any server that speaks OpenAI's protocol, in any order.",
    link: <Link to="/admin/models">Models</Link>,
    scope: "work:read",
    chapter: "Models",
  },
  {
    what: "Policies",
    how: "Files of your own that permit and forbid, beside those built in.",
    link: <Link to="/admin/policies">Policies</Link>,
    scope: "audit:read",
    chapter: "Policies",
  },
  {
    what: "Checks of a change",
    how: "What blocks, warns or is off; semgrep where it is installed; and what a repository asks for in .swarm/gate.yaml.",
    link: (
      <Link to="/admin/settings" search={{ show: "switches", text: "flows.gate" }}>
        Feature switches
      </Link>
    ),
    scope: "system:write",
    chapter: "Gates",
  },
  {
    what: "When people are asked",
    how: "Rules by risk, files and kinds of change, and who must answer.",
    link: (
      <Link to="/admin/settings" search={{ text: "flows.approvals" }}>
        The setting
      </Link>
    ),
    scope: "system:write",
    chapter: "Approvals",
  },
  {
    what: "Channels of messages",
    how: "Mail, Slack, Discord, browsers, and signed webhooks to programs of your own.",
    link: <Link to="/notifications">Notifications</Link>,
    scope: "work:read",
    chapter: "Notifications",
  },
  {
    what: "Where commands run",
    how: "microVMs, Linux namespaces or plain processes, whichever this machine can; and which hosts they may reach.",
    link: (
      <Link to="/admin/settings" search={{ text: "sandbox." }}>
        The settings
      </Link>
    ),
    scope: "system:write",
    chapter: "Sandboxes",
  },
  {
    what: "Workers",
    how: "More machines on one database, or programs of your own that take tickets over HTTP.",
    link: <Link to="/admin">System</Link>,
    scope: "users:read",
    chapter: "Workers over HTTP",
  },
  {
    what: "Who signs people in",
    how: "Any provider of OpenID Connect, and GitHub.",
    link: (
      <Link to="/admin/settings" search={{ text: "auth." }}>
        The settings
      </Link>
    ),
    scope: "system:write",
    chapter: "Signing in",
  },
  {
    what: "Secrets kept elsewhere",
    how: "Values that are looked up in Vault, in files or in variables when they are needed.",
    link: <Link to="/admin/secrets">Secrets</Link>,
    scope: "secrets:read",
    chapter: "Secrets",
  },
  {
    what: "Programs of your own",
    how: "All that these pages do goes through an API that others may ask too, with a key.",
    link: <Link to="/settings">Your API keys</Link>,
    scope: "work:read",
    chapter: "HTTP API",
  },
];

/** Where plugins will be listed, and what can be put in until then. */
export function Plugins() {
  const { data: who } = useQuery(me);
  return (
    <Page title="Plugins" about="swarm has no plugins yet: no code of others runs inside of it.">
      <Views />
      <Section title="Installed">
        <p className={lists.note}>None can be installed so far. Once they can, each will be listed here, with what it may do.</p>
      </Section>
      <Section title="What can be put in without one">
        <ul className={`${lists.rows} ${styles.list}`}>
          {WAYS.map(({ what, how, link, scope, chapter }) => (
            <li key={what}>
              <span className={lists.title}>{what}</span>
              <span className={styles.how}>{how}</span>
              <span className={styles.where}>
                {may(who, scope) ? link : null}
                <span>
                  book: <em>{chapter}</em>
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}
