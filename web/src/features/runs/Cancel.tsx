import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import { Button, Modal, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, done } from "~/api/client";
import { me, may } from "~/api/session";
import { run as runQuery } from "~/api/work";
import { Danger } from "~/parts/Danger";
import { plural } from "~/parts/format";
import { Trouble } from "~/parts/Trouble";
import styles from "./Cancel.module.css";

/** Ends a run, after it was said what that does. */
export function Cancel({ run }: { run: string }) {
  const { data: who } = useQuery(me);
  const { data } = useQuery(runQuery(run));
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const cancel = useMutation({
    mutationFn: () => done(client.POST("/api/runs/{run}/cancel", { params: { path: { run } }, body: { reason } })),
    onSuccess: () => setOpen(false),
  });
  if (!may(who, "runs:write")) return null;
  const counts = data?.tickets;
  const stops = counts ? counts.working + counts.verifying + counts.merging + counts.waiting : 0;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Cancel the run</Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Cancel the run">
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (!cancel.isPending) cancel.mutate();
          }}
        >
          <p>
            {counts
              ? `${plural(stops, "ticket")} ${stops === 1 ? "stops" : "stop"}. What is merged, ${counts.merged} of ${counts.total}, stays on the branch.`
              : "Nothing of it begins."}{" "}
            Questions that it asked are taken back. What was done is kept, and a ticket can be retried.
          </p>
          <Textarea label="Why" description="Others read it in the record" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          {cancel.isError ? <Trouble problem={cancel.error} /> : null}
          <div className={styles.buttons}>
            <Button onClick={() => setOpen(false)}>Back</Button>
            <Danger type="submit" loading={cancel.isPending}>
              Cancel the run
            </Danger>
          </div>
        </form>
      </Modal>
    </>
  );
}
