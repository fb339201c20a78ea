import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import styles from "./AnswerBar.module.css";
import { type EditForm, editOf, formOf, MOST_AGENTS } from "./asked";
import type { HumanResponse, InterruptDetail } from "./types";

interface Props {
  detail: InterruptDetail;
  busy: boolean;
  send: (response: HumanResponse) => void;
  back: () => void;
}

/** Changes what a plan may spend before it is carried out. */
export function EditPlan({ detail, busy, send, back }: Props) {
  const { action, args } = detail.interrupt.request.action_request;
  const before = formOf(args);
  const [form, setForm] = useState<EditForm>(before);
  const read = editOf(before, form);
  const wrong = "wrong" in read ? read.wrong : {};
  const changed = "edit" in read && Object.keys(read.edit).length > 0;
  const field = (name: keyof EditForm) => ({
    value: form[name],
    error: wrong[name],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
    autoComplete: "off",
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && !busy) send({ type: "edit", args: { action, args: read.edit } });
      }}
      onKeyDown={(event) => event.key === "Escape" && back()}
    >
      <div className={styles.fields}>
        <TextInput label="Agents at once" description={`1 to ${MOST_AGENTS}`} inputMode="numeric" autoFocus {...field("agents")} />
        <TextInput label="May spend, in dollars" description="Empty: no limit" inputMode="decimal" {...field("dollars")} />
        <TextInput label="May spend, in tokens" description="Empty: no limit" inputMode="numeric" {...field("tokens")} />
      </div>
      <div className={styles.buttons}>
        <Button onClick={back} disabled={busy}>
          Back
        </Button>
        <Button type="submit" variant="filled" loading={busy} disabled={!changed}>
          Approve with these changes
        </Button>
      </div>
    </form>
  );
}
