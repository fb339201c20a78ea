import { useCallback } from "react";
import { useDraft } from "~/api/drafts";
import { type Remark, withRemark } from "./remarks";

export interface Remarks {
  readonly all: readonly Remark[];
  /** Puts one on its line, or takes it away where it has no words. */
  readonly put: (remark: Remark) => void;
  readonly clear: () => void;
}

const NONE: readonly Remark[] = [];

/** Remarks on the change that a question is about. They are kept on this device until they are sent. */
export function useRemarks(interrupt: string): Remarks {
  const [draft, set] = useDraft<readonly Remark[]>(`remarks:${interrupt}`);
  const all = Array.isArray(draft?.value) ? draft.value : NONE;
  const put = useCallback(
    (remark: Remark) => {
      const next = withRemark(all, remark);
      set(next.length > 0 ? next : undefined);
    },
    [all, set],
  );
  const clear = useCallback(() => set(undefined), [set]);
  return { all, put, clear };
}
