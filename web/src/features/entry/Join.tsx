import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "~/api/problem";
import { join } from "~/api/session";
import type { Step } from "~/parts/wayIn";
import { FirstSteps } from "~/parts/FirstSteps";
import { useTitle } from "~/parts/title";
import styles from "./Entry.module.css";
import { Email, Form, LinkText, Password } from "./Form";
import { linkIn, useOpenedLink } from "./link";
import { Providers } from "./Providers";

/** The first account, by the link that `swarm up` prints. */
export function FirstStart() {
  return (
    <Account
      title="Welcome. Make the first account"
      lead="It is an owner's: it may do everything, and invites the others."
      where="The start of swarm (swarm up) prints it while there is no account."
      first
    />
  );
}

/** An account for somebody who was invited. */
export function AcceptInvitation() {
  return (
    <Account
      title="You are invited"
      lead="Make your account with the address that was invited."
      where="Who invited you was shown it."
      others
    />
  );
}

interface Props {
  title: string;
  lead: string;
  where: string;
  /** Whether nobody was here before: more steps come after this one. */
  first?: boolean;
  /** Whether there are other ways in. */
  others?: boolean;
}

const NONE: ReadonlySet<Step> = new Set();

function Account({ title, lead, where, first = false, others = false }: Props) {
  useTitle(title);
  const opened = useOpenedLink();
  const [router, queries] = [useRouter(), useQueryClient()];
  const [pasted, setPasted] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = async () => {
    await join(given(opened ?? pasted), email, password);
    queries.clear();
    router.history.push(first ? "/welcome?step=model" : "/");
  };
  return (
    <>
      {first ? <FirstSteps at="account" done={NONE} /> : null}
      <h1>{title}</h1>
      <p className={styles.lead}>{opened ? lead : `${lead} It takes a link. ${where}`}</p>
      <Form action="Make the account" onSubmit={submit}>
        {opened ? null : <LinkText value={pasted} onChange={setPasted} />}
        <Email value={email} onChange={setEmail} autoFocus={opened !== undefined} />
        <Password value={password} onChange={setPassword} isNew />
      </Form>
      {others && (opened ?? linkIn(pasted)) ? <Providers link={opened ?? linkIn(pasted)} verb="Join" /> : null}
    </>
  );
}

/** The link in what was given; throws what to do where there is none. */
export function given(text: string): string {
  const link = linkIn(text);
  if (link) return link;
  throw new Problem({
    status: 400,
    code: "web.link",
    detail: "that is no link of swarm",
    next: "copy the whole address, or the text that begins with swl_",
  });
}
