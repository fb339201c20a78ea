import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "~/api/client";
import type { Edit, Run, StepDetail } from "~/api/generated/api";
import { Trouble } from "~/parts/Trouble";
import styles from "./Cancel.module.css";
import { editOf, wordsOf } from "./travel";

/** Begins a run again from a step, with other words or another model where somebody wants that. */
export function Fork({ run, step, close }: { run: Run; step: StepDetail; close: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [words, setWords] = useState(() => wordsOf(step.edit));
  const [models, setModels] = useState("");
  const edited = editOf(step.edit, words);
  const fork = useMutation({
    mutationFn: (edit: Edit | undefined) =>
      take(
        client.POST("/api/runs/{run}/fork", {
          params: { path: { run: run.id } },
          body: { at: step.at, ...(edit ? { edit } : {}), models: models.split(/[\s,]+/).filter((name) => name !== "") },
        }),
      ),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ["runs"] });
      return navigate({ to: "/runs/$run", params: { run: id } });
    },
  });
  return (
    <Modal opened onClose={close} title={`Fork from step ${step.at}`} size="lg">
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!fork.isPending && "edit" in edited) fork.mutate(edited.edit);
        }}
      >
        <p>
          A new run plays this one up to this step, this step included, and goes on live on a branch of its own. What is played costs nothing. This
          run stays as it is.
        </p>
        {step.edit ? (
          <>
            <Textarea
              label={step.edit.kind === "reply" ? "What the model replies" : "How to go about the ticket"}
              description="Left as it is, nothing is edited"
              autosize
              minRows={4}
              maxRows={14}
              spellCheck={false}
              value={words.text}
              onChange={(event) => setWords({ ...words, text: event.currentTarget.value })}
            />
            {step.edit.kind === "attempt" || words.more !== "" || step.edit.tool_calls?.length ? (
              <Textarea
                label={step.edit.kind === "reply" ? "The tools that it calls, as JSON" : "Hints, one on each line"}
                autosize
                minRows={2}
                maxRows={10}
                spellCheck={false}
                error={"wrong" in edited ? edited.wrong : undefined}
                value={words.more}
                onChange={(event) => setWords({ ...words, more: event.currentTarget.value })}
              />
            ) : null}
          </>
        ) : (
          <p>There are no words at this step that could be others. A model's reply, or the start of an attempt, can be edited.</p>
        )}
        <TextInput
          label="Models for what comes after"
          description="In order of preference; those of the run where it is empty"
          placeholder="local/qwen"
          autoComplete="off"
          spellCheck={false}
          value={models}
          onChange={(event) => setModels(event.currentTarget.value)}
        />
        {fork.isError ? <Trouble problem={fork.error} /> : null}
        <div className={styles.buttons}>
          <Button onClick={close}>Back</Button>
          <Button type="submit" variant="filled" loading={fork.isPending} disabled={"wrong" in edited}>
            Begin the fork
          </Button>
        </div>
      </form>
    </Modal>
  );
}
