import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { verifyAddress } from "~/api/session";
import { useTitle } from "~/parts/title";
import styles from "./Entry.module.css";
import { Email, Form, LinkText, Password } from "./Form";
import { given } from "./Join";
import { useOpenedLink } from "./link";

/** Shows that an address is one's own. */
export function Verify() {
  useTitle("Verify your address");
  const opened = useOpenedLink();
  const router = useRouter();
  const [pasted, setPasted] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = async () => {
    await verifyAddress(given(opened ?? pasted), email, password);
    await router.navigate({ to: "/sign-in" });
  };
  return (
    <>
      <h1>Verify your address</h1>
      <p className={styles.lead}>The link alone is not enough: somebody else may have made the account in your name.</p>
      <Form action="Verify" onSubmit={submit}>
        {opened ? null : <LinkText value={pasted} onChange={setPasted} />}
        <Email value={email} onChange={setEmail} autoFocus={opened !== undefined} />
        <Password value={password} onChange={setPassword} />
      </Form>
    </>
  );
}
