import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { LinkRow, ProviderRow } from "~/api/generated/api";
import { called, links, linkWith, providers, unlink } from "~/api/providers";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { Refused } from "./Refused";

/** Who else may say who one is. Nothing stands here where the server knows nobody else. */
export function Links() {
  const offered = useQuery(providers);
  const linked = useQuery(links);
  const others = (offered.data?.items ?? []).filter(({ name }) => !linked.data?.items.some(({ provider }) => provider === name));
  const items = linked.data?.items ?? [];
  if (offered.data && linked.data && items.length === 0 && others.length === 0) return null;
  const labels = new Map((offered.data?.items ?? []).map(({ name, label }) => [name, called(label)]));
  const error = linked.error ?? offered.error;
  return (
    <Section title="Linked accounts" aside={linked.data ? `${items.length}` : undefined}>
      {error && !linked.data ? <Trouble problem={error} again={() => void Promise.all([linked.refetch(), offered.refetch()])} /> : null}
      {!linked.data && !error ? <Waiting what="Loading the linked accounts" lines={2} /> : null}
      {linked.data ? (
        <ul className={lists.rows}>
          {items.map((link) => (
            <Linked key={link.provider} link={link} label={labels.get(link.provider)} />
          ))}
          {others.map((provider) => (
            <Offered key={provider.name} provider={provider} />
          ))}
        </ul>
      ) : null}
    </Section>
  );
}

function Linked({ link, label }: { link: LinkRow; label: string | undefined }) {
  const queries = useQueryClient();
  const [sure, setSure] = useState(false);
  const end = useMutation({ mutationFn: () => unlink(link.provider), onSettled: () => queries.invalidateQueries({ queryKey: ["links"] }) });
  return (
    <li>
      <span>
        <span className={lists.title}>{label ?? link.provider}</span>
        <span className={lists.about}>
          <span>
            linked <When at={link.linked_at} />
          </span>
          {label ? null : <span>this server offers it no more</span>}
        </span>
        {end.isError ? <Trouble problem={end.error} /> : null}
      </span>
      <Button
        size="xs"
        loading={end.isPending}
        aria-label={sure ? undefined : `Unlink ${label ?? link.provider}`}
        onBlur={() => setSure(false)}
        onClick={() => (sure ? end.mutate() : setSure(true))}
      >
        {sure ? "It lets you in no more" : "Unlink"}
      </Button>
    </li>
  );
}

function Offered({ provider }: { provider: ProviderRow }) {
  const link = useMutation({ mutationFn: () => linkWith(provider.name) });
  return (
    <li>
      <span>
        <span className={lists.title}>{called(provider.label)}</span>
        <span className={lists.about}>not linked: link it to sign in by it</span>
        {link.isError ? <Refused problem={link.error} what="A linked account" to="/settings" /> : null}
      </span>
      <Button size="xs" loading={link.isPending} aria-label={`Link ${called(provider.label)}`} onClick={() => link.mutate()}>
        Link
      </Button>
    </li>
  );
}
