import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, question } from "~/api/approvals";
import type { HumanResponse } from "~/api/generated/api";
import { keep } from "~/api/outbox";
import { problemOf } from "~/api/problem";

/** Sends an answer. Where the server is away it is kept on this device; what the server says is what is shown. */
export function useAnswering(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (response: HumanResponse) => {
      try {
        return await answer(id, response);
      } catch (thrown) {
        if (!problemOf(thrown).isAway) throw thrown;
        keep(id, response);
        return undefined;
      }
    },
    onSuccess: (detail) => {
      if (detail) queries.setQueryData(question(id).queryKey, detail);
    },
    // Somebody may have been first: what they decided is read, and shown instead of the buttons.
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["approvals"] });
      void queries.invalidateQueries({ queryKey: ["approval", id] });
    },
  });
}
