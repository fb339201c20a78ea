import { capital, words } from "~/parts/format";

const STAGES: Record<string, string> = {
  asked: "Asked",
  reminded: "Reminded",
  escalated: "Escalated",
  handed: "Handed over",
  settled: "Decided",
  tried: "Tried",
  verify: "Verify link",
  reset: "Reset link",
};

/** Why a message was sent: `reminded.2` is "Reminded, time 2". */
export function stageWords(stage: string): string {
  const [name = "", number] = stage.split(".");
  const word = STAGES[name] ?? capital(words(name));
  return number && number !== "1" ? `${word}, time ${number}` : word;
}
