import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Ability, calmly } from "~/api/ceremony";
import { device } from "~/api/device";
import type { Me, PasskeyRow } from "~/api/generated/api";
import { ability, addPasskey, passkeys, removePasskey } from "~/api/passkeys";
import { Danger } from "~/parts/Danger";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { isOld, Refused } from "./Refused";
import styles from "./Settings.module.css";

const route = getRouteApi("/inside/settings");

/** The longest name that the server takes. */
const LONGEST = 80;

/** Keys that one's devices keep: each is a way in by itself, without a password and without a code. */
export function Passkeys({ who }: { who: Me }) {
  const { data, error, refetch } = useQuery(passkeys);
  const items = data?.items ?? [];
  const place = ability();
  if (!who.user) return null;
  return (
    <Section title="Passkeys" aside={data ? `${items.length}` : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the passkeys" lines={2} /> : null}
      {data && items.length === 0 ? (
        <p className={lists.note}>None. A passkey is kept by a device or a password manager, and opened by a finger, a face or a PIN. It signs you in without a password and without a code.</p>
      ) : null}
      {items.length > 0 ? (
        <ul className={lists.rows}>
          {items.map((passkey) => (
            <Passkey key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      ) : null}
      {place.can ? <Add /> : <Elsewhere place={place} />}
    </Section>
  );
}

function Passkey({ passkey }: { passkey: PasskeyRow }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <span>
        <span className={lists.title}>{passkey.name}</span>
        <span className={lists.about}>
          <span>
            added <When at={passkey.added_at} />
          </span>
          <span>
            {passkey.used_at ? (
              <>
                used <When at={passkey.used_at} />
              </>
            ) : (
              "never used"
            )}
          </span>
          <span>{passkey.backed_up ? "kept in more than one place" : "on one device alone"}</span>
        </span>
      </span>
      {open ? null : (
        <Button size="xs" aria-label={`Remove ${passkey.name}`} onClick={() => setOpen(true)}>
          Remove
        </Button>
      )}
      {open ? <Remove passkey={passkey} close={() => setOpen(false)} /> : null}
    </li>
  );
}

/** Takes a way in away, after it was said what that does. */
function Remove({ passkey, close }: { passkey: PasskeyRow; close: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => removePasskey(passkey.id),
    onSettled: () => queries.invalidateQueries({ queryKey: passkeys.queryKey }),
  });
  return (
    <div className={styles.remove}>
      <p>It lets you in no more; sessions that are open stay. What keeps it may go on offering it until you delete it there too.</p>
      <Danger loading={remove.isPending} onClick={() => remove.mutate()} autoFocus>
        Remove {passkey.name}
      </Danger>
      <Button onClick={close}>Back</Button>
      {remove.isError ? <Trouble problem={remove.error} /> : null}
    </div>
  );
}

function Add() {
  const queries = useQueryClient();
  const { add: wanted } = route.useSearch();
  const [open, setOpen] = useState(wanted !== undefined);
  const [name, setName] = useState(own);
  const add = useMutation({
    mutationFn: addPasskey,
    onSuccess: () => {
      setOpen(false);
      setName(own());
    },
    onSettled: () => queries.invalidateQueries({ queryKey: passkeys.queryKey }),
  });
  const go = useRef<HTMLButtonElement>(null);
  // Who came back from signing in goes on where they were.
  useEffect(() => {
    if (wanted) go.current?.focus();
  }, [wanted]);
  const ready = name.trim() !== "" && !add.isPending;
  const said = calmly(add.error, "add");
  return (
    <>
      {add.isSuccess ? (
        <p className={`${lists.good} ${styles.done}`} role="status">
          {add.data.name} signs you in from now on.
        </p>
      ) : null}
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className={styles.summary}>Add a passkey</summary>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (ready) add.mutate(name.trim());
          }}
        >
          <TextInput
            label="Name"
            description="What you call the place that keeps it. The browser asks for the rest."
            maxLength={LONGEST}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {said ? (
            <p className={lists.note} role="status">
              {said}
            </p>
          ) : null}
          {add.isError && !said ? <Refused problem={add.error} what="A passkey" to="/settings?add=passkey" /> : null}
          {isOld(add.error) ? null : (
            <Button type="submit" variant="filled" ref={go} loading={add.isPending} disabled={!ready}>
              Add it
            </Button>
          )}
        </form>
      </details>
    </>
  );
}

/** What this browser and its system are called. */
function own(): string {
  return device(navigator.userAgent).slice(0, LONGEST);
}

/** What to do where this page or this browser can have none. */
function Elsewhere({ place }: { place: Exclude<Ability, { can: true }> }) {
  if (place.lacks === "browser") return <p className={styles.hint}>This browser makes no passkeys. Open the page in a newer one, or in another one, to add a passkey.</p>;
  return (
    <p className={styles.hint}>
      To add one, open this page by its name, for a passkey belongs to a name:{" "}
      {place.open ? (
        <>
          <a href={`${place.open}/settings?add=passkey`}>{new URL(place.open).host}</a>. You sign in there once more.
        </>
      ) : (
        <>
          an address that begins with <code>https://</code>. Who runs swarm knows it.
        </>
      )}
    </p>
  );
}
