import type { NewSecret } from "~/api/generated/api";

/** A secret as it stands in a form, without its value: that stays in its field until it is sent. */
export interface SecretForm {
  readonly name: string;
  readonly project: string;
  readonly hosts: string;
  readonly as: "bearer" | "basic" | "header";
  readonly header: string;
  readonly kept: "here" | "elsewhere";
  readonly reference: string;
  readonly expires: string;
}

export const EMPTY_SECRET: SecretForm = { name: "", project: "", hosts: "", as: "bearer", header: "", kept: "here", reference: "", expires: "" };

const MOST_HOSTS = 16;
const NAME = /^[\w.-]+$/;
const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** The hosts that somebody typed, between spaces or commas. */
export function hostsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().split(/[\s,]+/).filter((host) => host !== ""))];
}

/** What of a form cannot be, field by field. What is still empty is not said to be wrong. */
export function wrongOf(form: SecretForm, now: number): Partial<Record<keyof SecretForm, string>> {
  const wrong: Partial<Record<keyof SecretForm, string>> = {};
  const hosts = hostsOf(form.hosts);
  const bad = hosts.find((host) => !HOST.test(host) || /^[\d.]+$/.test(host));
  if (form.name.trim() !== "" && !NAME.test(form.name.trim())) wrong.name = "Letters, digits, dots, dashes";
  if (bad !== undefined) wrong.hosts = `${bad} is no name of a host: no port, no address, no *`;
  else if (hosts.length > MOST_HOSTS) wrong.hosts = `${MOST_HOSTS} at the most`;
  if (form.as === "header" && form.header.trim() !== "" && !/^[\w-]+$/.test(form.header.trim())) wrong.header = "A name such as X-Api-Key";
  if (form.kept === "elsewhere" && form.reference.trim() !== "" && !/^(vault:.+#.+|env:\w+|file:\/.+)$/.test(form.reference.trim())) wrong.reference = "vault:MOUNT/PATH#FIELD, env:NAME or file:/PATH";
  const expires = form.expires === "" ? undefined : new Date(form.expires).getTime();
  if (expires !== undefined && !(expires > now)) wrong.expires = "A time that is still to come";
  return wrong;
}

/** What is sent, but for the value; nothing while something is missing or wrong. */
export function secretOf(form: SecretForm, now: number): Omit<NewSecret, "value"> | undefined {
  const hosts = hostsOf(form.hosts);
  const [name, project, header, reference] = [form.name.trim(), form.project.trim(), form.header.trim(), form.reference.trim()];
  if (Object.keys(wrongOf(form, now)).length > 0 || name === "" || hosts.length === 0) return undefined;
  if ((form.as === "header" && header === "") || (form.kept === "elsewhere" && reference === "")) return undefined;
  return {
    name,
    hosts,
    placement: form.as === "header" ? `header:${header}` : form.as,
    ...(project === "" ? {} : { project }),
    ...(form.kept === "elsewhere" ? { reference } : {}),
    ...(form.expires === "" ? {} : { expires: new Date(form.expires).toISOString() }),
  };
}

/** How long the old value still counts, in seconds. */
export const WINDOWS = [
  { value: "86400", label: "a day" },
  { value: "0", label: "not at all: it is known to strangers" },
  { value: "3600", label: "an hour" },
  { value: "604800", label: "a week" },
  { value: "2592000", label: "30 days" },
] as const;
