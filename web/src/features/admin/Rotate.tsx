import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { client, done, take } from "~/api/client";
import type { SecretDetail } from "~/api/generated/api";
import { Danger } from "~/parts/Danger";
import { Trouble } from "~/parts/Trouble";
import styles from "./Quotas.module.css";
import { WINDOWS } from "./secret";

interface Props {
  secret: SecretDetail;
  close: () => void;
}

/** Gives a secret another value, or another place where it is looked up. */
export function Rotate({ secret, close }: Props) {
  const queries = useQueryClient();
  const isElsewhere = secret.versions.at(-1)?.reference != null;
  const field = useRef<HTMLInputElement>(null);
  const [window, setWindow] = useState<string>(WINDOWS[0].value);
  const rotate = useMutation({
    // What was typed stands in its field alone.
    mutationFn: async () => {
      const typed = field.current?.value ?? "";
      const body = { ...(isElsewhere ? { reference: typed.trim() } : { value: typed }), window_seconds: Number(window), ...(secret.project ? { project: secret.project } : {}) };
      return take(client.POST("/api/secrets/{secret}/rotate", { params: { path: { secret: secret.name } }, body }));
    },
    gcTime: 0,
    onSuccess: close,
    onSettled: () => queries.invalidateQueries({ queryKey: ["secrets"] }),
  });
  return (
    <form
      className={styles.rotate}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (!rotate.isPending) rotate.mutate();
      }}
    >
      {isElsewhere ? (
        <TextInput label="Where it is looked up" placeholder="vault:kv/npm#token" required withAsterisk={false} autoComplete="off" spellCheck={false} autoFocus ref={field} />
      ) : (
        <PasswordInput
          label="The new value"
          required
          withAsterisk={false}
          autoComplete="off"
          autoFocus
          ref={field}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the value" }}
        />
      )}
      <NativeSelect label="The old one counts beside it" value={window} data={[...WINDOWS]} onChange={(event) => setWindow(event.currentTarget.value)} />
      <Button type="submit" variant="filled" loading={rotate.isPending}>
        Rotate it
      </Button>
      <Button onClick={close}>Back</Button>
      {rotate.isError ? <Trouble problem={rotate.error} /> : null}
    </form>
  );
}

/** Takes a secret away, after it was said what that does. */
export function Remove({ secret, close }: Props) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => done(client.DELETE("/api/secrets/{secret}", { params: { path: { secret: secret.name }, query: secret.project ? { project: secret.project } : {} } })),
    onSuccess: close,
    onSettled: () => queries.invalidateQueries({ queryKey: ["secrets"] }),
  });
  return (
    <div className={styles.remove}>
      <p>
        All its values are gone, and requests to {secret.hosts.join(", ")} go without it. Who issued it still has to be told to revoke it.
      </p>
      <Danger loading={remove.isPending} onClick={() => remove.mutate()} autoFocus>
        Remove {secret.name}
      </Danger>
      <Button onClick={close}>Back</Button>
      {remove.isError ? <Trouble problem={remove.error} /> : null}
    </div>
  );
}
