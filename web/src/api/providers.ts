import { queryOptions } from "@tanstack/react-query";
import { client, done, take } from "./client";
import { Problem } from "./problem";
import { remember } from "./session";

/** The ways to sign in that are not a password. Asked by who is not signed in yet, too. */
export const providers = queryOptions({
  queryKey: ["providers"],
  queryFn: async () => take(client.GET("/api/auth/providers")),
  retry: false,
});

export const links = queryOptions({
  queryKey: ["links"],
  queryFn: async () => take(client.GET("/api/auth/links")),
});

/** Goes to a provider to sign in; the browser comes back signed in. */
export async function signInBy(provider: string, { link, to }: { link?: string | undefined; to?: string | undefined }): Promise<void> {
  // Without a page to end on the server's own says that it is done, and leads nowhere.
  const return_to = to && isPath(to) ? to : "/";
  const { url } = await take(
    client.POST("/api/auth/oidc/{provider}/start", { params: { path: { provider } }, body: { return_to, ...(link ? { link } : {}) } }),
  );
  // The page that the browser comes back to asks who is signed in where this says that somebody may be.
  go(url, () => remember(true));
}

/** Goes to a provider so that one can sign in by it from then on. */
export async function linkWith(provider: string): Promise<void> {
  const { url } = await take(client.POST("/api/auth/links/{provider}", { params: { path: { provider } } }));
  go(url);
}

export async function unlink(provider: string): Promise<void> {
  await done(client.DELETE("/api/auth/links/{provider}", { params: { path: { provider } } }));
}

function go(url: string, before?: () => void): void {
  if (!isSafe(url)) {
    throw new Problem({ status: -1, code: "web.provider", detail: "the provider's address is neither https nor on this machine", next: "tell who runs swarm: its `issuer` is wrong" });
  }
  before?.();
  location.assign(url);
}

/** Whether a browser may be sent there with what opens an account: over TLS, or to this machine. */
export function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/.test(hostname));
}

/** What the server takes for a page of its own to end on. */
function isPath(path: string): boolean {
  return path.length <= 512 && /^\/(?!\/)[\w/.~?=&%-]*$/.test(path);
}

/** What people call a provider: its label, and where that is the bare name of one that everybody knows, as it writes itself. */
export function called(label: string): string {
  return { github: "GitHub", gitlab: "GitLab" }[label] ?? label.charAt(0).toUpperCase() + label.slice(1);
}
