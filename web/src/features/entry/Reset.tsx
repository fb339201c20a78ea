import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { resetPassword } from "~/api/session";
import { useTitle } from "~/parts/title";
import styles from "./Entry.module.css";
import { Form, LinkText, Password } from "./Form";
import { given } from "./Join";
import { useOpenedLink } from "./link";

/** Another password, by a link. */
export function Reset() {
  useTitle("Choose another password");
  const opened = useOpenedLink();
  const router = useRouter();
  const [pasted, setPasted] = useState("");
  const [password, setPassword] = useState("");
  const submit = async () => {
    await resetPassword(given(opened ?? pasted), password);
    await router.navigate({ to: "/sign-in" });
  };
  return (
    <>
      <h1>Choose another password</h1>
      <p className={styles.lead}>Every session of the account ends; sign in with the new one.</p>
      <Form action="Take this password" onSubmit={submit}>
        {opened ? null : <LinkText value={pasted} onChange={setPasted} />}
        <Password value={password} onChange={setPassword} isNew label="New password" />
      </Form>
    </>
  );
}
