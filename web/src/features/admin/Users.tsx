import { Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "~/api/client";
import type { Me, Role, UserRow } from "~/api/generated/api";
import { may } from "~/api/session";
import { Export } from "~/parts/Export";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import styles from "./Admin.module.css";
import { type Link, Made } from "./Made";
import { users } from "./queries";
import { givable } from "./roles";

/** Who has an account, and what they may do. */
export function Users({ who }: { who: Me }) {
  const { data, error, refetch } = useQuery(users);
  const [made, setMade] = useState<Link>();
  const items = data?.items ?? [];
  const rows = () => items.map(({ id, email, role, how, joined_at, verified_at, disabled_at }) => ({ id, email, role, how, joined_at, verified_at, disabled_at }));
  return (
    <Section title="Accounts" aside={items.length > 0 ? <Export name="accounts" rows={rows} /> : undefined}>
      {made ? <Made link={made} close={() => setMade(undefined)} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the accounts" lines={3} /> : null}
      {data && items.length === 0 ? <p className={lists.note}>Nobody has an account yet.</p> : null}
      {items.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`}>
          {items.map((user) => (
            <User key={user.id} user={user} who={who} made={setMade} />
          ))}
        </ul>
      ) : null}
    </Section>
  );
}

function User({ user, who, made }: { user: UserRow; who: Me; made: (link: Link) => void }) {
  const queries = useQueryClient();
  const path = { user: user.id };
  const onSettled = () => queries.invalidateQueries({ queryKey: ["users"] });
  const role = useMutation({
    mutationFn: async (role: Role) => take(client.POST("/api/users/{user}/role", { params: { path }, body: { role } })),
    onSettled,
  });
  const access = useMutation({
    mutationFn: async (enable: boolean) =>
      take(enable ? client.POST("/api/users/{user}/enable", { params: { path } }) : client.POST("/api/users/{user}/disable", { params: { path } })),
    onSettled,
  });
  const link = useMutation({
    mutationFn: async (purpose: "reset" | "verify") => {
      const { link, expires } = await take(client.POST("/api/users/{user}/link", { params: { path }, body: { purpose } }));
      return { purpose, link, expires };
    },
    onSuccess: ({ purpose, link, expires }) => {
      const about = purpose === "reset" ? `${user.email} may choose another password.` : `${user.email} may verify the address.`;
      made({ address: `${location.origin}/${purpose}#${link}`, about, until: expires });
    },
  });
  const [sure, setSure] = useState(false);
  const isSelf = who.user?.id === user.id;
  const offered = givable(who.role);
  const mayChange = may(who, "users:write") && !isSelf && offered.includes(user.role);
  const failed = role.error ?? access.error ?? link.error;
  const isOut = user.disabled_at != null;
  return (
    <li data-out={isOut || undefined}>
      <span>
        <span className={lists.title}>
          {user.email}
          {isSelf ? " (you)" : ""}
        </span>
        <span className={lists.about}>
          {mayChange ? null : <span>{user.role}</span>}
          <span>
            since <When at={user.joined_at} bare />
          </span>
          {user.verified_at ? null : <span>address not verified</span>}
          {isOut ? <strong>shut out</strong> : null}
        </span>
        {failed ? <Trouble problem={failed} /> : null}
      </span>
      {mayChange ? (
        <span className={lists.buttons}>
          <NativeSelect
            size="xs"
            aria-label={`Role of ${user.email}`}
            value={user.role}
            disabled={role.isPending}
            data={[...offered]}
            onChange={(event) => role.mutate(event.currentTarget.value as Role)}
          />
          {user.verified_at ? null : (
            <Button size="xs" loading={link.isPending} onClick={() => link.mutate("verify")}>
              Verify link
            </Button>
          )}
          <Button size="xs" loading={link.isPending} onClick={() => link.mutate("reset")}>
            Reset link
          </Button>
          {isOut ? (
            <Button size="xs" loading={access.isPending} onClick={() => access.mutate(true)}>
              Let in
            </Button>
          ) : (
            <Button
              size="xs"
              loading={access.isPending}
              onBlur={() => setSure(false)}
              onClick={() => {
                if (sure) access.mutate(false);
                setSure(!sure);
              }}
            >
              {sure ? "Ends all sessions and keys" : "Shut out"}
            </Button>
          )}
        </span>
      ) : null}
    </li>
  );
}
