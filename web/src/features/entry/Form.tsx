import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { Trouble } from "~/parts/Trouble";
import styles from "./Entry.module.css";

interface Props {
  /** The word on the button. */
  action: string;
  /** What happens. Throws what went wrong. */
  onSubmit: () => Promise<void>;
  children: ReactNode;
}

/** A form that does one thing, once at a time, and says what went wrong beside its button. */
export function Form({ action, onSubmit, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await onSubmit();
    } catch (thrown) {
      setProblem(thrown);
      setBusy(false);
    }
  };
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)}>
      {children}
      {problem === undefined ? null : <Trouble problem={problem} />}
      <Button type="submit" variant="filled" fullWidth loading={busy} size="md">
        {action}
      </Button>
    </form>
  );
}

interface FieldProps {
  value: string;
  onChange: (value: string) => void;
}

/** A code of an app, or a recovery code. */
export function Code({ value, onChange }: FieldProps) {
  return (
    <TextInput
      label="Code of the app, or a recovery code"
      name="code"
      autoComplete="one-time-code"
      required
      withAsterisk={false}
      autoFocus
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface EmailProps extends FieldProps {
  autoFocus?: boolean;
  label?: string;
  /** Whether the browser offers passkeys here too. */
  passkeys?: boolean;
}

export function Email({ value, onChange, autoFocus = false, label = "Email", passkeys = false }: EmailProps) {
  return (
    <TextInput
      label={label}
      type="email"
      name="email"
      autoComplete={passkeys ? "username webauthn" : "username"}
      inputMode="email"
      required
      withAsterisk={false}
      autoFocus={autoFocus}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function Password({ value, onChange, isNew = false, label = "Password" }: FieldProps & { isNew?: boolean; label?: string }) {
  return (
    <PasswordInput
      label={label}
      description={isNew ? "12 characters or more. A few words are good." : undefined}
      name="password"
      autoComplete={isNew ? "new-password" : "current-password"}
      minLength={isNew ? 12 : undefined}
      required
      withAsterisk={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
    />
  );
}

/** For who comes without the address: the link as text. */
export function LinkText({ value, onChange }: FieldProps) {
  return (
    <TextInput
      label="Link"
      description="As it was given to you: the address, or the text that begins with swl_"
      required
      withAsterisk={false}
      autoFocus
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
