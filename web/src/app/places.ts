import type { Scope } from "~/api/generated/api";

/** A place that navigation, the palette and the keyboard lead to. Pages that are not there are not listed. */
export interface Place {
  readonly to:
    | "/"
    | "/approvals"
    | "/runs"
    | "/design"
    | "/board"
    | "/requirements"
    | "/agents"
    | "/sandboxes"
    | "/usage"
    | "/audit"
    | "/admin"
    | "/settings";
  readonly label: string;
  /** G, then this letter. */
  readonly key: string;
  /** Who has not this does not see it. */
  readonly scope?: Scope;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Home", key: "h" },
  { to: "/approvals", label: "Approvals", key: "a" },
  { to: "/runs", label: "Runs", key: "r" },
  { to: "/design", label: "Design", key: "d" },
  { to: "/board", label: "Board", key: "b" },
  { to: "/requirements", label: "Requirements", key: "q" },
  { to: "/agents", label: "Agents", key: "w" },
  { to: "/sandboxes", label: "Sandboxes", key: "v" },
  { to: "/usage", label: "Usage", key: "c" },
  { to: "/audit", label: "Audit", key: "l", scope: "audit:read" },
  { to: "/admin", label: "Admin", key: "u", scope: "users:read" },
  { to: "/settings", label: "Settings", key: "s" },
];

/** Views inside a place, which the palette leads to. */
export const VIEWS = [
  { to: "/welcome", label: "First steps", scope: "runs:write" },
  { to: "/notifications", label: "Notifications", scope: "work:read" },
  { to: "/admin/agents", label: "Agents' files", scope: "work:read" },
  { to: "/admin/models", label: "Models", scope: "work:read" },
  { to: "/admin/quotas", label: "Quotas", scope: "work:read" },
  { to: "/admin/secrets", label: "Secrets", scope: "secrets:read" },
  { to: "/admin/policies", label: "Policies", scope: "audit:read" },
  { to: "/admin/settings", label: "Settings of the program", scope: "system:write" },
  { to: "/admin/plugins", label: "Plugins", scope: "work:read" },
] as const satisfies readonly { to: string; label: string; scope: Scope }[];
