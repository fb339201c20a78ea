import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, done } from "~/api/client";
import type { SessionRow } from "~/api/generated/api";
import { Section } from "~/parts/Page";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";
import { Waiting } from "~/parts/Waiting";
import { When } from "~/parts/When";
import { device } from "~/api/device";
import { sessions } from "./queries";

/** Where one is signed in; each can be ended from here. */
export function Sessions({ own }: { own: string | undefined }) {
  const { data, error, refetch } = useQuery(sessions);
  const open = (data?.items ?? []).filter(({ ended_at }) => !ended_at);
  return (
    <Section title="Sessions" aside={data ? `${open.length} open` : undefined}>
      {error && !data ? <Trouble problem={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Waiting what="Loading the sessions" lines={2} /> : null}
      <ul className={lists.rows}>
        {open.map((session) => (
          <Session key={session.id} session={session} isOwn={session.id === own} />
        ))}
      </ul>
    </Section>
  );
}

function Session({ session, isOwn }: { session: SessionRow; isOwn: boolean }) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => done(client.DELETE("/api/auth/sessions/{session}", { params: { path: { session: session.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <li>
      <span>
        <span className={lists.title} title={session.device}>
          {device(session.device)}
        </span>
        <span className={lists.about}>
          {isOwn ? <strong>this one</strong> : null}
          <span>
            begun <When at={session.begun_at} />
          </span>
          {session.used_at ? (
            <span>
              used <When at={session.used_at} />
            </span>
          ) : null}
        </span>
        {end.isError ? <Trouble problem={end.error} /> : null}
      </span>
      {isOwn ? null : (
        <Button size="xs" loading={end.isPending} onClick={() => end.mutate()}>
          End it
        </Button>
      )}
    </li>
  );
}
