import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { me, may } from "~/api/session";
import { Waiting } from "~/parts/Waiting";
import styles from "./Welcome.module.css";

/** Done by the link. What else may be done with it is elsewhere. */
export function AccountStep() {
  const { data: who } = useQuery(me);
  if (!who) return <Waiting what="Loading your account" lines={1} />;
  return (
    <>
      <p className={styles.lead}>
        You are signed in as {who.person}, {/^[aeiou]/.test(who.role) ? "an" : "a"} {who.role}.
      </p>
      <p className={styles.note}>
        {may(who, "users:write") ? (
          <>
            You invite the others under <Link to="/admin">Admin</Link>.{" "}
          </>
        ) : null}
        Password, a second factor and keys for programs are under <Link to="/settings">Settings</Link>.
      </p>
    </>
  );
}
