import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import { Button, Modal, SegmentedControl, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, done } from "~/api/client";
import { Danger } from "~/parts/Danger";
import { Trouble } from "~/parts/Trouble";
import type { Card } from "./cards";
import styles from "./Board.module.css";
import { effect, type Move, movesOf } from "./moves";

/** A card that somebody wants moved, and where to, if that was said already. */
export interface Asked {
  readonly card: Card;
  readonly move: Move | undefined;
}

const LABEL: Record<Move, string> = { retry: "Try it again", cancel: "Give it up" };

/** Says what follows before anything is done. */
export function MoveDialog({ asked: { card, move: wanted }, close }: { asked: Asked; close: () => void }) {
  const queries = useQueryClient();
  const { run, ticket } = card;
  const moves = movesOf(ticket.state.state, run.state);
  const [move, setMove] = useState<Move>(wanted ?? moves[0] ?? "cancel");
  const [reason, setReason] = useState("");
  const params = { path: { run: run.id, ticket: ticket.id } };
  const act = useMutation({
    mutationFn: () =>
      move === "retry"
        ? done(client.POST("/api/runs/{run}/tickets/{ticket}/retry", { params, body: {} }))
        : done(client.POST("/api/runs/{run}/tickets/{ticket}/cancel", { params, body: { reason } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["run", run.id] });
      void queries.invalidateQueries({ queryKey: ["runs"] });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={ticket.title}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!act.isPending) act.mutate();
        }}
      >
        {moves.length > 1 ? (
          <SegmentedControl
            size="xs"
            aria-label="What is to be done with it"
            value={move}
            onChange={(chosen) => setMove(chosen as Move)}
            data={moves.map((one) => ({ value: one, label: LABEL[one] }))}
          />
        ) : null}
        <div className={styles.effect}>
          {effect(move, card).map((line) => (
            <p key={line}>{line}</p>
          ))}
          {move === "cancel" && ticket.state.state === "needs_person" && !moves.includes("retry") ? (
            <p>It can be tried again once its run has settled.</p>
          ) : null}
        </div>
        {move === "cancel" ? (
          <Textarea label="Why" description="Others read it in the record" autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        ) : null}
        {act.isError ? <Trouble problem={act.error} /> : null}
        <div className={styles.buttons}>
          <Button onClick={close}>Back</Button>
          {move === "cancel" ? (
            <Danger type="submit" loading={act.isPending}>
              {LABEL.cancel}
            </Danger>
          ) : (
            <Button type="submit" variant="filled" loading={act.isPending}>
              {LABEL.retry}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}
