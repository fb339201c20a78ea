import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { client, take } from "~/api/client";
import type { SecretDetail } from "~/api/generated/api";
import { projects } from "~/api/work";
import { useNow } from "~/live/store";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import styles from "./Quotas.module.css";
import { EMPTY_SECRET, type SecretForm, secretOf, wrongOf } from "./secret";

/** What is said of a field stands under it, so that fields stand in line. */
const ORDER: ("label" | "input" | "description" | "error")[] = ["label", "input", "description", "error"];

/** Sets a secret. Its value stands in its field alone, and leaves it when it was sent. */
export function SetSecret({ there }: { there: readonly SecretDetail[] }) {
  const queries = useQueryClient();
  const { data: known } = useQuery(projects);
  const now = useNow(60_000);
  const [form, setForm] = useState<SecretForm>(EMPTY_SECRET);
  const value = useRef<HTMLInputElement>(null);
  const set = useMutation({
    mutationFn: async (secret: NonNullable<ReturnType<typeof secretOf>>) =>
      take(client.POST("/api/secrets", { body: { ...secret, ...(secret.reference ? {} : { value: value.current?.value ?? "" }) } })),
    gcTime: 0,
    onSuccess: () => {
      if (value.current) value.current.value = "";
      setForm(EMPTY_SECRET);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["secrets"] }),
  });
  const secret = secretOf(form, now);
  const wrong = wrongOf(form, now);
  const replaces = secret && there.some(({ name, project }) => name === secret.name && (project ?? undefined) === secret.project);
  const field = (name: "name" | "project" | "hosts" | "header" | "reference" | "expires") => ({
    value: form[name],
    error: wrong[name],
    onChange: (event: { currentTarget: { value: string } }) => {
      set.reset();
      setForm({ ...form, [name]: event.currentTarget.value });
    },
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
    inputWrapperOrder: ORDER,
  });
  return (
    <Section title="Set a secret">
      <form
        className={`${styles.form} ${styles.tall}`}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (secret && !set.isPending) set.mutate(secret);
        }}
      >
        <TextInput label="Name" placeholder="registry" {...field("name")} />
        <TextInput label="Hosts" description="Sent to these and no other" placeholder="npm.example.org" {...field("hosts")} />
        <TextInput label="Project" description="Empty: all of them" placeholder="all" list="secret-projects" {...field("project")} />
        <datalist id="secret-projects">
          {known?.items.map(({ id }) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <NativeSelect
          label="Sent as"
          value={form.as}
          onChange={(event) => setForm({ ...form, as: event.currentTarget.value as SecretForm["as"] })}
          data={[
            { value: "bearer", label: "a bearer token" },
            { value: "basic", label: "user and password" },
            { value: "header", label: "a header of its own" },
          ]}
        />
        {form.as === "header" ? <TextInput label="Header" placeholder="X-Api-Key" {...field("header")} /> : null}
        <NativeSelect
          label="Kept"
          value={form.kept}
          onChange={(event) => setForm({ ...form, kept: event.currentTarget.value as SecretForm["kept"] })}
          data={[
            { value: "here", label: "here, sealed" },
            { value: "elsewhere", label: "elsewhere, and looked up" },
          ]}
        />
        {form.kept === "here" ? (
          <PasswordInput
            label="Value"
            description={form.as === "basic" ? "USER:PASSWORD, on one line" : "4 to 8192 bytes, on one line"}
            inputWrapperOrder={ORDER}
            ref={value}
            required
            withAsterisk={false}
            autoComplete="off"
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the value" }}
          />
        ) : (
          <TextInput label="Where" placeholder="vault:kv/npm#token" {...field("reference")} />
        )}
        <TextInput label="Counts until" description="Empty: it does not end" type="datetime-local" {...field("expires")} />
        {replaces ? (
          <p className={lists.note}>
            There is one of this name: its value is replaced <strong>at once</strong>. To let both count for a while, rotate it.
          </p>
        ) : null}
        {set.isError ? <Trouble problem={set.error} /> : null}
        <Button type="submit" variant="filled" loading={set.isPending} disabled={!secret}>
          {replaces ? "Replace the secret" : "Set the secret"}
        </Button>
        {set.isSuccess ? (
          <p className={lists.good} role="status">
            It is set. Nobody sees its value again.
          </p>
        ) : null}
      </form>
    </Section>
  );
}
