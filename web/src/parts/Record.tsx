import type { Overview } from "~/api/generated/api";
import { count, length, money } from "./format";

/** How an agent did with a model: the columns of a table, its cells, and the row that is exported. */
type Arm = Overview["work"]["arms"][number];

export const RECORD_COLUMNS = [
  { name: "Attempts", figure: true },
  { name: "Accepted", figure: true },
  { name: "Time each", figure: true },
  { name: "Cost each", figure: true },
];

export function RecordCells({ of: { attempts, accepted, millis, spend } }: { of: Arm }) {
  return (
    <>
      <td data-figure>{count(attempts)}</td>
      <td data-figure>{attempts === 0 ? "" : `${Math.round((100 * accepted) / attempts)} %`}</td>
      <td data-figure>{attempts === 0 ? "" : length(millis / attempts)}</td>
      <td data-figure>{attempts === 0 ? "" : money(spend.usd / attempts)}</td>
    </>
  );
}

export function recordRow({ arm, attempts, accepted, millis, spend }: Arm) {
  return { agent: arm.agent, model: arm.model, attempts, accepted, millis, usd: spend.usd / 1e6, tokens: spend.tokens_in + spend.tokens_out };
}
