import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import { Button, Modal, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client, done } from "~/api/client";
import type { TicketSummary } from "~/api/generated/api";
import { Danger } from "~/parts/Danger";
import { Trouble } from "~/parts/Trouble";
import styles from "./Agents.module.css";

/** Gives a ticket up, after it was said what that does. */
export function Stop({ ticket, close }: { ticket: TicketSummary; close: () => void }) {
  const [reason, setReason] = useState("");
  const path = { run: ticket.run, ticket: ticket.id };
  const stop = useMutation({
    mutationFn: () => done(client.POST("/api/runs/{run}/tickets/{ticket}/cancel", { params: { path }, body: { reason } })),
    onSuccess: close,
  });
  return (
    <Modal opened onClose={close} title={`Stop ${ticket.id}`}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!stop.isPending) stop.mutate();
        }}
      >
        <p>
          The agent ends where it is, and the ticket is given up: <strong>{ticket.title}</strong>. What was written for it is archived. Tickets
          that wait for it go on waiting, until it is retried.
        </p>
        <Textarea label="Why" description="Others read it in the record" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        {stop.isError ? <Trouble problem={stop.error} /> : null}
        <div className={styles.buttons}>
          <Button onClick={close}>Back</Button>
          <Danger type="submit" loading={stop.isPending}>
            Stop the ticket
          </Danger>
        </div>
      </form>
    </Modal>
  );
}
