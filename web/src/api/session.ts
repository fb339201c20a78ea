import { queryOptions } from "@tanstack/react-query";
import { client, done, take } from "./client";
import { device } from "./device";
import type { Me, Scope } from "./generated/api";

const FLAG = "swarm.signed-in";

/** Who is signed in. */
export const me = queryOptions({
  queryKey: ["me"],
  queryFn: async () => take(client.GET("/api/auth/me")),
});

/** Whether somebody was signed in here the last time: a hint that spares a stranger two requests, and no proof. */
export function wasSignedIn(): boolean {
  return localStorage.getItem(FLAG) === "yes";
}

export function remember(signedIn: boolean): void {
  if (signedIn) localStorage.setItem(FLAG, "yes");
  else localStorage.removeItem(FLAG);
}

/** Signs in; where the account has a second factor, gives what its code is to be shown with. */
export async function signIn(email: string, password: string): Promise<string | undefined> {
  const answer = await take(client.POST("/api/auth/login", { body: { email, password, cookies: true, device: device(navigator.userAgent) } }));
  if ("pending" in answer) return answer.pending;
  remember(true);
  return undefined;
}

/** Signs in by a code, after the password. */
export async function secondStep(pending: string, code: string): Promise<void> {
  await take(client.POST("/api/auth/login/second", { body: { pending, code } }));
  remember(true);
}

/** Has a link sent by which another password can be chosen. The answer says not whether there is such an account. */
export async function forgot(email: string): Promise<void> {
  await done(client.POST("/api/auth/forgot", { body: { email } }));
}

export async function signOut(): Promise<void> {
  await done(client.POST("/api/auth/logout"));
  remember(false);
}

/** Makes an account by a link, and signs it in. */
export async function join(link: string, email: string, password: string): Promise<void> {
  await done(client.POST("/api/auth/register", { body: { link, email, password } }));
  await signIn(email, password);
}

export async function resetPassword(link: string, password: string): Promise<void> {
  await done(client.POST("/api/auth/reset", { body: { link, password } }));
}

export async function verifyAddress(link: string, email: string, password: string): Promise<void> {
  await done(client.POST("/api/auth/verify", { body: { link, email, password } }));
}

/** Whether somebody may do this. */
export function may(who: Me | undefined, scope: Scope): boolean {
  return who?.scopes.includes(scope) ?? false;
}
