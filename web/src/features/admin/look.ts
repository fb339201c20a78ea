/** What of the lists of the administration is looked at; it stands in the address, so that it can be sent to somebody. */

export interface AgentsLook {
  readonly text?: string;
  readonly whose?: "yours" | "built_in";
  /** Something that they must be able to do. */
  readonly can?: string;
}

export interface SettingsLook {
  readonly text?: string;
  readonly show?: "changed" | "switches";
}

const textOf = (text: unknown) => (typeof text === "string" && text.trim() !== "" ? { text } : {});

/** Out of an address. What it does not know is left out. */
export function agentsLookOf({ text, whose, can }: Record<string, unknown>): AgentsLook {
  return {
    ...textOf(text),
    ...(whose === "yours" || whose === "built_in" ? { whose } : {}),
    ...(typeof can === "string" && can !== "" ? { can } : {}),
  };
}

export function settingsLookOf({ text, show }: Record<string, unknown>): SettingsLook {
  return { ...textOf(text), ...(show === "changed" || show === "switches" ? { show } : {}) };
}

/** Whether each word that is looked for stands in one of the texts. */
export function hasWords(wanted: string | undefined, texts: readonly string[]): boolean {
  const all = texts.join("\n").toLowerCase();
  return (wanted ?? "").toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
