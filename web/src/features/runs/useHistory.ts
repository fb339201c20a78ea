import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Event } from "~/api/generated/api";
import { useEvents } from "~/live/store";
import { grown, type History, history } from "./queries";

/** What happened in a run, and what happens. */
export function useHistory(run: string) {
  const queries = useQueryClient();
  useEvents(
    useCallback(
      (event) => {
        if (event.subject.run !== run) return;
        // The frame's event and the log's are one type of the server's.
        queries.setQueryData<History>(history(run).queryKey, (known) => grown(known, event as unknown as Event));
      },
      [queries, run],
    ),
  );
  return useQuery(history(run));
}
