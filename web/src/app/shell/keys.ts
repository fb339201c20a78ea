/** G, then a letter: where the second letter must follow within this, in milliseconds. */
const SOON = 1_200;

export interface Sequence {
  readonly at: number | undefined;
}

export const nothing: Sequence = { at: undefined };

/** What a letter means after those before it: begins a sequence, ends one, or is none of our business. */
export function pressed(before: Sequence, key: string, now: number): { sequence: Sequence; go?: string } {
  if (before.at !== undefined && now - before.at <= SOON) return { sequence: nothing, go: key };
  return { sequence: key === "g" ? { at: now } : nothing };
}

/** Whether letters go into what has the focus: they are text there and no shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [role=menu] *, [role=listbox] *");
}
