import { useQuery } from "@tanstack/react-query";
import { me, may } from "~/api/session";
import { Page } from "~/parts/Page";
import { Nothing } from "~/parts/Nothing";
import { Invitations } from "./Invitations";
import { System } from "./System";
import { Users } from "./Users";
import { Views } from "./Views";

/** Who may come in and do what, and how the program fares. */
export function Admin() {
  const { data: who } = useQuery(me);
  if (!who) return <Page title="Admin">{null}</Page>;
  if (!may(who, "users:read")) {
    return (
      <Page title="Admin">
        <Nothing title="This is for administrators">
          <p>Ask an admin for another role.</p>
        </Nothing>
      </Page>
    );
  }
  return (
    <Page title="Admin">
      <Views />
      <System />
      <Users who={who} />
      <Invitations who={who} />
    </Page>
  );
}
