import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "~/api/client";
import type { SecretDetail } from "~/api/generated/api";
import { me, may } from "~/api/session";
import { Export } from "~/parts/Export";
import { moment, plural } from "~/parts/format";
import { Nothing } from "~/parts/Nothing";
import { Page } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { StateMark } from "~/parts/StateMark";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { secrets } from "./queries";
import styles from "./Quotas.module.css";
import { Remove, Rotate } from "./Rotate";
import { SetSecret } from "./SetSecret";
import { Views } from "./Views";

/** What lets programs in elsewhere: names, hosts and ages. A value is taken and never shown. */
export function Secrets() {
  const { data: who } = useQuery(me);
  const isOurs = may(who, "secrets:write");
  const { data, error, refetch } = useQuery({ ...secrets, enabled: may(who, "secrets:read") });
  const items = data?.items ?? [];
  const rows = () =>
    items.map((secret) => ({
      name: secret.name,
      project: secret.project,
      state: secret.state,
      hosts: secret.hosts.join(" "),
      created_at: secret.created_at,
      rotated_at: secret.rotated_at,
      expires: secret.versions.at(-1)?.expires,
      used_at: secret.used_at,
      uses: secret.uses,
    }));
  if (who && !may(who, "secrets:read")) {
    return (
      <Page title="Secrets">
        <Nothing title="This is for maintainers">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page
      title="Secrets"
      about="What lets programs in elsewhere. A value is never shown, and never inside a sandbox."
      actions={items.length > 0 ? <Export name="secrets" rows={rows} /> : null}
    >
      <Views />
      {isOurs && items.length > 0 ? <Check /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the secrets" lines={3} /> : null}
      {data && items.length === 0 ? (
        <Nothing title="There is no secret">
          <p>{isOurs ? "Set the first one below." : "Who may change the work sets them."}</p>
        </Nothing>
      ) : null}
      {items.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`}>
          {items.map((secret) => (
            <Item key={`${secret.project ?? ""}/${secret.name}`} secret={secret} isOurs={isOurs} />
          ))}
        </ul>
      ) : null}
      {data && isOurs ? <SetSecret there={items} /> : null}
    </Page>
  );
}

const MARK = { valid: ["done", "Valid"], rotating: ["working", "Rotating"], expired: ["failed", "Expired"] } as const;

function Item({ secret, isOurs }: { secret: SecretDetail; isOurs: boolean }) {
  const [open, setOpen] = useState<"rotate" | "remove">();
  const [state, label] = MARK[secret.state];
  const version = secret.versions.at(-1);
  return (
    <li>
      <span>
        <span className={lists.title}>{secret.name}</span>
        <StateMark state={state} label={label} />
      </span>
      <span className={lists.about}>
        <span>{secret.project ? `project ${secret.project}` : "all projects"}</span>
        <span>to {secret.hosts.join(", ")}</span>
        <span>
          {secret.rotated_at ? "rotated" : "set"} <When at={secret.rotated_at ?? secret.created_at} />
        </span>
        {version?.expires ? <span>until {moment(version.expires)}</span> : null}
        {version?.reference ? <span>kept elsewhere</span> : null}
        <span>
          {plural(secret.uses, "use")}
          {secret.used_at ? (
            <>
              , the last <When at={secret.used_at} />
            </>
          ) : null}
        </span>
      </span>
      {isOurs && !open ? (
        <span className={lists.buttons}>
          <Button size="xs" aria-label={`Rotate ${secret.name}`} onClick={() => setOpen("rotate")}>
            Rotate
          </Button>
          <Button size="xs" aria-label={`Remove ${secret.name}`} onClick={() => setOpen("remove")}>
            Remove
          </Button>
        </span>
      ) : null}
      {open === "rotate" ? <Rotate secret={secret} close={() => setOpen(undefined)} /> : null}
      {open === "remove" ? <Remove secret={secret} close={() => setOpen(undefined)} /> : null}
    </li>
  );
}

/** Whether each value can be opened or looked up. */
function Check() {
  const check = useMutation({ mutationFn: async () => take(client.POST("/api/secrets/all/check")) });
  const bad = (check.data?.items ?? []).filter(({ problem }) => problem);
  return (
    <div className={styles.command} style={{ marginBottom: "1rem" }}>
      <span role="status">
        {check.data
          ? bad.length === 0
            ? `All ${plural(check.data.items.length, "value")} can be used.`
            : bad.map(({ secret, problem }) => `${secret.name}: ${problem?.detail}. ${problem?.next}.`).join(" ")
          : "Whether each value that counts can be opened or looked up."}
      </span>
      <Button size="xs" loading={check.isPending} onClick={() => check.mutate()}>
        {check.data ? "Check again" : "Check them"}
      </Button>
      {check.isError ? <Trouble problem={check.error} /> : null}
    </div>
  );
}
