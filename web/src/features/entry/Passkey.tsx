import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Ability, calmly } from "~/api/ceremony";
import { offered, signInByPasskey } from "~/api/passkeys";
import { Trouble } from "~/parts/Trouble";
import styles from "./Entry.module.css";

interface Props {
  place: Ability;
  /** Whether somebody signs in another way just now. */
  rests: boolean;
  /** What follows. */
  inside: () => void;
}

/** Signs in without a password: by this button, or by what the browser offers where the address is typed. */
export function Passkey({ place, rests, inside }: Props) {
  const enter = useMutation({ mutationFn: signInByPasskey, onSuccess: inside });
  const { mutate } = enter;
  const offers = place.can && enter.isIdle && !rests;
  useEffect(() => {
    if (!offers) return undefined;
    const end = new AbortController();
    offered(end.signal).then(
      (chosen) => (chosen ? mutate(chosen) : undefined),
      () => undefined,
    );
    return () => end.abort();
  }, [offers, mutate]);
  if (!place.can) {
    if (!place.open) return null;
    return (
      <Button component="a" href={place.open + location.pathname + location.search} fullWidth size="md">
        Use a passkey at {new URL(place.open).host}
      </Button>
    );
  }
  const said = calmly(enter.error, "sign in");
  return (
    <>
      <Button fullWidth size="md" loading={enter.isPending} disabled={rests} onClick={() => mutate(undefined)}>
        Sign in with a passkey
      </Button>
      {said ? (
        <p className={styles.said} role="status">
          {said}
        </p>
      ) : null}
      {enter.isError && !said ? <Trouble problem={enter.error} /> : null}
    </>
  );
}
