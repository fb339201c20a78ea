/** What pages are told of passkeys that no server says: where browsers have them, and how their question ended. */

/** Whether this page can have passkeys. */
export type Ability =
  | { readonly can: true }
  /** `open` is where the same page has a name, if that is known here. */
  | { readonly can: false; readonly lacks: "browser" | "name"; readonly open?: string };

interface Place {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

/** A passkey belongs to a name, and browsers have them on pages that came over TLS or from their own machine. */
export function abilityOf({ protocol, hostname, port }: Place, isSecure: boolean, isKnown: boolean): Ability {
  const isAddress = hostname.startsWith("[") || /^\d+(\.\d+){3}$/.test(hostname);
  const isOwn = hostname === "[::1]" || hostname.startsWith("127.");
  if (isAddress && isOwn && protocol === "http:") return { can: false, lacks: "name", open: `http://localhost${port ? `:${port}` : ""}` };
  if (isAddress || !isSecure) return { can: false, lacks: "name" };
  return isKnown ? { can: true } : { can: false, lacks: "browser" };
}

const UNANSWERED = "the browser's question was closed or not answered in time, or you were not recognised";

/** What is said where the browser's question ended without a passkey, and nothing is wrong. */
export function calmly(thrown: unknown, doing: "add" | "sign in"): string | undefined {
  switch (thrown instanceof Error ? thrown.name : "") {
    case "AbortError":
    case "NotAllowedError":
      return doing === "add" ? `Nothing was added: ${UNANSWERED}.` : `You are not signed in: ${UNANSWERED}. Try again, or sign in another way.`;
    case "InvalidStateError":
      return "What you chose has a passkey for this account already.";
    case "ConstraintError":
    case "NotSupportedError":
      return "What you chose cannot tell who holds it. Give it a finger, a face or a PIN, or choose another place for the passkey.";
    default:
      return undefined;
  }
}
