import { Button } from "@mantine/core";
import { drop, type Unsent as Answer } from "~/api/outbox";
import styles from "./Unsent.module.css";
import { When } from "./When";

/** An answer that waits on this device, or that was not taken. */
export function Unsent({ unsent }: { unsent: Answer }) {
  if (unsent.refused) {
    return (
      <div className={styles.unsent}>
        <p>
          <strong>Your answer was not taken:</strong> {unsent.refused.detail}
        </p>
        <Button size="xs" onClick={() => drop(unsent.id)}>
          Understood
        </Button>
      </div>
    );
  }
  return (
    <div className={styles.unsent} role="status">
      <p>
        <strong>{unsent.response.type === "accept" ? "Approved" : "Answered"} on this device</strong> <When at={unsent.at} />. It is sent
        once when the server can be reached; who answers before that was first.
      </p>
      <Button size="xs" onClick={() => drop(unsent.id)}>
        Take it back
      </Button>
    </div>
  );
}
