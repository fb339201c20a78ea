import { useRouter } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";
import { problemOf } from "~/api/problem";
import { Trouble } from "./Trouble";

/** How often a server that is away is looked for, in milliseconds. */
const AGAIN = 5_000;

/** A page that could not be shown at all. */
export function Fault({ error, reset }: { error: unknown; reset?: () => void }) {
  const router = useRouter();
  const again = useCallback(() => {
    reset?.();
    void router.invalidate();
  }, [reset, router]);
  const { isAway } = problemOf(error);
  useEffect(() => {
    if (!isAway) return undefined;
    const timer = setInterval(again, AGAIN);
    return () => clearInterval(timer);
  }, [isAway, again]);
  return (
    <main style={{ maxWidth: "40rem", margin: "4rem auto", padding: "0 1rem" }}>
      <Trouble problem={error} again={again} />
    </main>
  );
}
