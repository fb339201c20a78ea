import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { forget } from "~/api/kept";
import { problemOf } from "~/api/problem";
import { signOut } from "~/api/session";
import lists from "~/parts/Rows.module.css";
import { Trouble } from "~/parts/Trouble";

interface Props {
  problem: unknown;
  /** What was to be added. */
  what: string;
  /** Where one comes back to. */
  to: string;
}

/** Whether the session is too old to add a way in: trying again does not help. */
export function isOld(problem: unknown): boolean {
  return problemOf(problem).code === "auth.session_old";
}

/** Why no other way in was added; and where one signed in too long ago, the way to do it again. */
export function Refused({ problem, what, to }: Props) {
  const [router, queries] = [useRouter(), useQueryClient()];
  const again = useMutation({
    mutationFn: signOut,
    // What is being written stays: it is the same person who comes back.
    onSuccess: async () => {
      queries.clear();
      await forget();
      await router.navigate({ to: "/sign-in", search: { to } });
    },
  });
  if (!isOld(problem)) return <Trouble problem={problem} />;
  return (
    <div className={lists.made} role="status">
      <p>
        <strong>Sign in once more.</strong> {what} is added within ten minutes of signing in, so that nobody who finds your session open can
        stay. You come back here.
      </p>
      <span className={lists.buttons}>
        <Button size="xs" loading={again.isPending} onClick={() => again.mutate()}>
          Sign in again
        </Button>
      </span>
      {again.isError ? <Trouble problem={again.error} /> : null}
    </div>
  );
}
