import type { Evidence } from "~/api/generated/api";
import { StateMark } from "./StateMark";

const SHOWN = {
  proven: { state: "accepted", label: "Proven" },
  failing: { state: "failed", label: "Failing" },
  unproven: { state: "waiting", label: "Unproven" },
} as const;

/** What is known of a requirement. */
export function EvidenceMark({ evidence }: { evidence: Evidence }) {
  return <StateMark {...SHOWN[evidence]} />;
}
