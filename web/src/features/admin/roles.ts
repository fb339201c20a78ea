import type { Role } from "~/api/generated/api";

/** What each role may, as docs/src/accounts.md has it; the most first. */
export const ROLES: readonly { readonly role: Role; readonly may: string }[] = [
  { role: "owner", may: "everything, and who else is an owner" },
  { role: "admin", may: "everything but that" },
  { role: "maintainer", may: "the work, its secrets and gates, the audit" },
  { role: "reviewer", may: "see the work, answer at gates, read the audit" },
  { role: "viewer", may: "see the work" },
  { role: "agent", may: "take tickets as a worker, and see the work" },
];

/** The roles that somebody may give: none that has more than theirs. */
export function givable(own: Role): readonly Role[] {
  if (own === "owner") return ROLES.map(({ role }) => role);
  if (own === "admin") return ROLES.map(({ role }) => role).filter((role) => role !== "owner");
  return [];
}
