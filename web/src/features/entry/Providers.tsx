import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { called, providers, signInBy } from "~/api/providers";
import { Trouble } from "~/parts/Trouble";
import styles from "./Entry.module.css";

interface Props {
  link?: string | undefined;
  to?: string | undefined;
  verb?: string;
  /** The one that needs no provider. */
  children?: ReactNode;
}

/** The ways in that are not a password, where there are any. */
export function Providers({ link, to, verb = "Sign in", children }: Props) {
  const { data } = useQuery(providers);
  const go = useMutation({ mutationFn: (name: string) => signInBy(name, { link, to }) });
  const items = data?.items ?? [];
  if (items.length === 0 && !children) return null;
  return (
    <div className={styles.providers}>
      <p>or</p>
      {children}
      {items.map(({ name, label }) => (
        <Button key={name} fullWidth size="md" loading={go.isPending && go.variables === name} disabled={go.isPending} onClick={() => go.mutate(name)}>
          {verb} with {called(label)}
        </Button>
      ))}
      {go.isError ? <Trouble problem={go.error} /> : null}
    </div>
  );
}
