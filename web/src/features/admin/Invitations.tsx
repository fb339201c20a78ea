import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, done, take } from "~/api/client";
import type { InvitationRow, Me, Role } from "~/api/generated/api";
import { may } from "~/api/session";
import { useNow } from "~/live/store";
import { moment } from "~/parts/format";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import styles from "./Admin.module.css";
import { type Link, Made } from "./Made";
import { invitations } from "./queries";
import { givable, ROLES } from "./roles";

/** Who was invited and has not come yet. */
export function Invitations({ who }: { who: Me }) {
  const { data, error, refetch } = useQuery(invitations);
  const now = useNow(60_000);
  const [made, setMade] = useState<Link>();
  const open = (data?.items ?? []).filter(
    ({ accepted_at, withdrawn_at, expires }) => !accepted_at && !withdrawn_at && Date.parse(expires) > now,
  );
  return (
    <Section title="Invitations">
      {made ? <Made link={made} close={() => setMade(undefined)} /> : null}
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the invitations" lines={2} /> : null}
      {data && open.length === 0 ? <p className={lists.note}>None is open.</p> : null}
      {open.length > 0 ? (
        <ul className={`${lists.rows} ${styles.list}`}>
          {open.map((invitation) => (
            <Invitation key={invitation.id} invitation={invitation} mayEnd={may(who, "users:write")} />
          ))}
        </ul>
      ) : null}
      {may(who, "users:write") ? <Invite own={who.role} made={setMade} /> : null}
    </Section>
  );
}

function Invitation({ invitation, mayEnd }: { invitation: InvitationRow; mayEnd: boolean }) {
  const queries = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => done(client.DELETE("/api/invitations/{invitation}", { params: { path: { invitation: invitation.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  return (
    <li>
      <span>
        <span className={lists.title}>{invitation.email}</span>
        <span className={lists.about}>
          <span>{invitation.role}</span>
          <span>until {moment(invitation.expires)}</span>
        </span>
        {withdraw.isError ? <Trouble problem={withdraw.error} /> : null}
      </span>
      {mayEnd ? (
        <Button size="xs" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          Withdraw
        </Button>
      ) : null}
    </li>
  );
}

function Invite({ own, made }: { own: Role; made: (link: Link) => void }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("reviewer");
  const invite = useMutation({
    mutationFn: async () => take(client.POST("/api/invitations", { body: { email, role } })),
    onSuccess: ({ link, invitation }) => {
      made({ address: `${location.origin}/join#${link}`, about: `${invitation.email} is invited.`, until: invitation.expires });
      setEmail("");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  return (
    <form
      className={styles.invite}
      onSubmit={(event) => {
        event.preventDefault();
        if (!invite.isPending) invite.mutate();
      }}
    >
      <TextInput
        label="Invite somebody"
        type="email"
        placeholder="bob@example.org"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <NativeSelect label="As" value={role} data={[...givable(own)]} onChange={(event) => setRole(event.currentTarget.value as Role)} />
      <Button type="submit" variant="filled" loading={invite.isPending}>
        Invite
      </Button>
      <p className={lists.note}>May: {ROLES.find((one) => one.role === role)?.may}</p>
      {invite.isError ? <Trouble problem={invite.error} /> : null}
    </form>
  );
}
