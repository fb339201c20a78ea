import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { signIn } from "~/api/session";
import { useTitle } from "~/parts/Page";
import styles from "./Entry.module.css";
import { Email, Form, Password } from "./Form";
import { Providers } from "./Providers";

const route = getRouteApi("/entry/sign-in");

/** Where somebody says who they are. */
export function SignIn() {
  useTitle("Sign in");
  const { to } = route.useSearch();
  const [router, queries] = [useRouter(), useQueryClient()];
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = async () => {
    await signIn(email, password);
    queries.clear();
    router.history.push(to ?? "/");
  };
  return (
    <>
      <h1>Sign in</h1>
      {to ? <p className={styles.lead}>You will come back to where you were.</p> : null}
      <Form action="Sign in" onSubmit={submit}>
        <Email value={email} onChange={setEmail} autoFocus />
        <Password value={password} onChange={setPassword} />
      </Form>
      <Providers to={to} />
      <details className={styles.aside}>
        <summary>No account, or the password is lost?</summary>
        <p className={styles.lead}>
          No mail is sent. An admin makes a link for you, and you open it here. On the machine itself:
        </p>
        <pre>
          swarm user invite you@example.org{"\n"}swarm user link you@example.org reset
        </pre>
        <p className={styles.lead}>While there is no account at all, <code>swarm up</code> prints the link of the first one.</p>
      </details>
    </>
  );
}
