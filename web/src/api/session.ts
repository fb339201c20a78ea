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

export async function signIn(email: string, password: string): Promise<void> {
  await take(client.POST("/api/auth/login", { body: { email, password, cookies: true, device: device(navigator.userAgent) } }));
  remember(true);
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
