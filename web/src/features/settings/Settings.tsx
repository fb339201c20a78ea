import { useQuery } from "@tanstack/react-query";
import { me, may } from "~/api/session";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { Appearance } from "./Appearance";
import { Browsers } from "./Browsers";
import { Keys } from "./Keys";
import { Links } from "./Links";
import { Passkeys } from "./Passkeys";
import { Profile } from "./Profile";
import { SecondFactor } from "./SecondFactor";
import { Sessions } from "./Sessions";

/** What is one's own: who one is, how it looks, where one is signed in, and the keys of one's programs. */
export function Settings() {
  const { data: who, error, refetch } = useQuery(me);
  return (
    <Page
      title="Settings"
      about="Who you are, how it looks on this device, which browsers are told what waits for you, where you are signed in, and the keys of your programs. All of it is about you alone."
    >
      {error && !who ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!who && !error ? <Waiting lines={4} /> : null}
      {who ? (
        <>
          <Profile who={who} />
          <Appearance />
          {may(who, "account:write") ? <Browsers who={who} /> : null}
          {may(who, "account:write") ? <SecondFactor who={who} /> : null}
          {may(who, "account:write") ? <Passkeys who={who} /> : null}
          {may(who, "account:write") ? <Links /> : null}
          {may(who, "account:write") ? <Sessions own={who.session ?? undefined} /> : null}
          {may(who, "account:write") ? <Keys who={who} /> : null}
        </>
      ) : null}
    </Page>
  );
}
