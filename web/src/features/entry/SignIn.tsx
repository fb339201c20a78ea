import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { ability } from "~/api/passkeys";
import { forgot, secondStep, signIn } from "~/api/session";
import { useTitle } from "~/parts/title";
import styles from "./Entry.module.css";
import { Code, Email, Form, Password } from "./Form";
import { Passkey } from "./Passkey";
import { Providers } from "./Providers";

const route = getRouteApi("/entry/sign-in");

/** Where somebody says who they are. */
export function SignIn() {
  useTitle("Sign in");
  const { to } = route.useSearch();
  const [router, queries] = [useRouter(), useQueryClient()];
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [pending, setPending] = useState<string>();
  const [code, setCode] = useState("");
  const [sending, setSending] = useState(false);
  const passkeys = ability();
  const inside = () => {
    queries.clear();
    router.history.push(to ?? "/");
  };
  if (pending !== undefined) {
    return (
      <>
        <h1>One more step</h1>
        <p className={styles.lead}>The password is right. This account asks for a code of its app as well.</p>
        <Form
          key="second step"
          action="Sign in"
          onSubmit={async () => {
            await secondStep(pending, code.trim());
            inside();
          }}
        >
          <Code value={code} onChange={setCode} />
        </Form>
      </>
    );
  }
  const submit = async () => {
    setSending(true);
    try {
      const wanted = await signIn(email, password);
      if (wanted === undefined) inside();
      else setPending(wanted);
    } catch (thrown) {
      setSending(false);
      throw thrown;
    }
  };
  return (
    <>
      <h1>Sign in</h1>
      {to ? <p className={styles.lead}>You will come back to where you were.</p> : null}
      <Form action="Sign in" onSubmit={submit}>
        <Email value={email} onChange={setEmail} autoFocus passkeys />
        <Password value={password} onChange={setPassword} />
      </Form>
      <Providers to={to}>{passkeys.can || passkeys.open ? <Passkey place={passkeys} rests={sending} inside={inside} /> : null}</Providers>
      <details className={styles.aside}>
        <summary>No account, or the password is lost?</summary>
        <LostPassword email={email} />
        <p className={styles.lead}>Where swarm sends no mail, an admin makes a link for you, and you open it here. On the machine itself:</p>
        <pre>
          swarm user invite you@example.org{"\n"}swarm user link you@example.org reset
        </pre>
        <p className={styles.lead}>While there is no account at all, <code>swarm up</code> prints the link of the first one.</p>
      </details>
    </>
  );
}

/** Has a link sent. Nobody learns by it who has an account. */
function LostPassword({ email }: { email: string }) {
  const [address, setAddress] = useState(email);
  const [sent, setSent] = useState(false);
  if (sent) {
    return (
      <p className={styles.lead} role="status">
        If there is such an account, a mail is on its way to {address}.
      </p>
    );
  }
  return (
    <Form
      action="Send me a link"
      onSubmit={async () => {
        await forgot(address);
        setSent(true);
      }}
    >
      <Email value={address} onChange={setAddress} label="Address of the account" />
    </Form>
  );
}
