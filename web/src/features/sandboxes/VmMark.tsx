import type { Vm } from "~/api/generated/api";
import { StateMark, type StateName } from "~/parts/StateMark";

const MARK: Record<Vm["state"], readonly [StateName, string]> = {
  waiting: ["waiting", "Ready"],
  starting: ["working", "Starting"],
  idle: ["waiting", "Idle"],
  running: ["running", "Running"],
  taken_over: ["needs_person", "Taken over"],
  stopping: ["cancelled", "Stopping"],
};

/** Where a sandbox stands. */
export function VmMark({ vm }: { vm: Vm }) {
  const [state, label] = MARK[vm.state];
  return <StateMark state={state} label={label} />;
}

/** What a sandbox is for, in a few words. */
export function purpose(vm: Vm): string {
  if (vm.fork_of) return "A fork, for people";
  if (vm.agent) return vm.agent;
  if (vm.ticket) return "A check";
  return "Ready for work";
}
