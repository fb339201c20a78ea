import type { Setting } from "~/api/generated/api";
import { quoted } from "~/parts/quota";
import { hasWords, type SettingsLook } from "./look";

/** The settings as people look through them, and those that turn something on or off. Pure. */

/** Something that is on or off, or in one of a few modes. */
export interface Switch extends Setting {
  readonly stands: "on" | "off" | "mode";
  /** How it stands, in a word. */
  readonly word: string;
  /** What it could be instead, as TOML has it. */
  readonly others: readonly string[];
  readonly about: string;
}

const GATE = ["block", "warn", "off"] as const;
const GATE_WORD: Record<string, string> = { block: "Blocks", warn: "Warns", off: "Off" };

/** Settings that are one of a few words; as docs/src/configuration.md has them. */
const MODES: Readonly<Record<string, readonly string[]>> = {
  "auth.second_factor": ["optional", "required_for_admins"],
  "flows.choice": ["learned", "fixed"],
  "sandbox.rung": ["auto", "firecracker", "qemu", "bubblewrap", "process"],
  "server.public.seal": ["files", "acme", "proxy"],
  "server.registration": ["open", "invite", "closed"],
};

/** Figures of which 0 turns something off, with the one that turns it on again. */
const OFF_AT_ZERO: Readonly<Record<string, number>> = {
  "flows.alerts.every_seconds": 30,
  "flows.hunks": 12,
  "flows.measure_ms": 3000,
  "flows.mutants": 8,
  "flows.mutants_for_code": 8,
  "flows.notifications.every_seconds": 5,
};

/** What each does; as docs/src/configuration.md and docs/src/gates.md have it. */
const ABOUT: Readonly<Record<string, string>> = {
  "auth.second_factor": "Who must have a second factor: nobody, or owners and admins.",
  "flows.alerts.every_seconds": "It is looked whether something gets worse, every so many seconds; 0 for never.",
  "flows.checkpoints": "The proven part of a rejected attempt is merged while its ticket stays open.",
  "flows.choice": "Past work chooses agent and model as soon as it is known to choose better; fixed: never.",
  "flows.deadlines.learned": "Deadlines of steps follow from similar ones.",
  "flows.gate.artefacts": "Files that are no source, in a change.",
  "flows.gate.commands": "The commands of a deployment.",
  "flows.gate.dependencies": "Known vulnerabilities of what a changed lock file names.",
  "flows.gate.placeholders": "Stubs and announced work, in a change.",
  "flows.gate.rules": "What an agent's own rules and those of the repository forbid.",
  "flows.gate.scope": "Files outside of what a ticket is about.",
  "flows.gate.secrets": "Keys, tokens and passwords in what was added.",
  "flows.gate.semgrep": "What semgrep finds on lines that were added, where it is installed.",
  "flows.gate.size": "Files and changes too large to be read.",
  "flows.gate.tests": "Tests that assert nothing, and tests that were loosened.",
  "flows.gate.tricks": "Answers that stand in the code, dropped errors, checkers turned off.",
  "flows.gate_online": "Tools that know vulnerabilities may ask the network.",
  "flows.hold_clashes": "Tickets that would likely clash are worked on one after the other.",
  "flows.hunks": "Of a change that people are asked about, so many parts are left out, one at a time, to see which commands miss them; 0 for none.",
  "flows.measure_ms": "The code of an accepted attempt may be measured for so many milliseconds; 0 for not at all.",
  "flows.mutants": "The code is made wrong on purpose so many times where an attempt brings tests, to see whether they notice; 0 for never.",
  "flows.mutants_for_code": "The same for attempts without tests, against the spec's commands; 0 for never.",
  "flows.notifications.every_seconds": "Messages that are due are sent, every so many seconds; 0 turns notifications off.",
  "flows.notifications.push.enabled": "People may let their browsers be told.",
  "flows.notifications.push.http": "A push service may be asked without TLS.",
  "flows.notifications.push.private": "A push service may be on this machine or around it.",
  "flows.review": "A reviewing agent reads each change that passed its checks, before it is merged.",
  "models.cache.enabled": "Replies are given again to who asks the same.",
  "sandbox.rung": "How commands are kept apart from the machine. With process they are not.",
  "server.public.seal": "How the door for others is sealed: by files, by certificates of an authority, or by a proxy.",
  "server.registration": "Who may make an account: everybody, who was invited, or nobody.",
};

/** As TOML writes a word. */
const toml = (word: string) => JSON.stringify(word);

/** A word out of TOML; nothing where it is no word. */
function wordOf(value: string): string | undefined {
  return /^"[^"\\]*"$/.test(value) ? value.slice(1, -1) : undefined;
}

/** Whether somebody set it. */
export function isChanged({ from }: Setting): boolean {
  return from !== "default";
}

/** What a setting turns on or off; nothing where it does no such thing. */
export function switchOf(setting: Setting): Switch | undefined {
  const { key, value } = setting;
  const about = ABOUT[key] ?? "";
  if (value === "true" || value === "false") {
    const isOn = value === "true";
    return { ...setting, stands: isOn ? "on" : "off", word: isOn ? "On" : "Off", others: [isOn ? "false" : "true"], about };
  }
  const on = OFF_AT_ZERO[key];
  if (on !== undefined && /^\d+$/.test(value)) {
    const isOn = Number(value) > 0;
    return { ...setting, stands: isOn ? "on" : "off", word: isOn ? `On: ${value}` : "Off", others: [isOn ? "0" : String(on)], about };
  }
  const word = wordOf(value);
  const modes = key.startsWith("flows.gate.") ? GATE : MODES[key];
  if (word === undefined || !modes) return undefined;
  const others = modes.filter((mode) => mode !== word).map(toml);
  if (modes !== GATE) return { ...setting, stands: "mode", word, others, about };
  return { ...setting, stands: word === "off" ? "off" : word === "warn" ? "mode" : "on", word: GATE_WORD[word] ?? word, others, about };
}

export function switches(items: readonly Setting[]): Switch[] {
  return items.flatMap((setting) => switchOf(setting) ?? []);
}

/** Those that are looked for. */
export function found<T extends Setting & { readonly about?: string }>(items: readonly T[], { text }: SettingsLook): T[] {
  return items.filter(({ key, value, from, about }) => hasWords(text, [key, value, from, about ?? ""]));
}

/** What stands in swarm.toml for it. */
export function fileLine(key: string, value: string): string {
  const dot = key.lastIndexOf(".");
  return `[${key.slice(0, dot)}]\n${key.slice(dot + 1)} = ${value}`;
}

/** The variable that sets the same; none where a part of the key cannot stand in the name of one. */
export function variableLine(key: string, value: string): string | undefined {
  if (!/^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(key) || key.includes("__")) return undefined;
  return `SWARM_${key.replaceAll(".", "__").toUpperCase()}=${quoted(wordOf(value) ?? value)}`;
}

/** What goes before the file: a variable, or an option of the command line. */
export function isStronger({ from }: Setting): boolean {
  return from.startsWith("$") || from.startsWith("--");
}
