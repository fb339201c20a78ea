import type { AuthenticationResponseJSON, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/browser";
import { queryOptions } from "@tanstack/react-query";
import { type Ability, abilityOf } from "./ceremony";
import { client, done, take } from "./client";
import { device } from "./device";
import type { PasskeyRow } from "./generated/api";
import { remember } from "./session";

/** A question is asked anew when this much of the server's time for it is over. */
const MOST = 0.9;

/** One's own passkeys. */
export const passkeys = queryOptions({
  queryKey: ["passkeys"],
  queryFn: async () => take(client.GET("/api/auth/passkeys")),
});

/** What speaks with the browser; it comes with the first use. */
const browser = () => import("@simplewebauthn/browser");

/** Whether this page can have passkeys. What is painted before it is known is for those that can. */
export function ability(): Ability {
  return import.meta.env.SSR ? { can: true } : abilityOf(location, isSecureContext, "PublicKeyCredential" in window);
}

/** Has the browser make a passkey, and the server take it. */
export async function addPasskey(name: string): Promise<PasskeyRow> {
  const [wanted, { startRegistration }] = await Promise.all([take(client.POST("/api/auth/passkeys/begin")), browser()]);
  const credential = await startRegistration({ optionsJSON: wanted as PublicKeyCredentialCreationOptionsJSON });
  return take(client.POST("/api/auth/passkeys", { body: { name, credential } }));
}

export async function removePasskey(passkey: string): Promise<void> {
  await done(client.DELETE("/api/auth/passkeys/{passkey}", { params: { path: { passkey } } }));
}

async function asked(): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return (await take(client.POST("/api/auth/login/passkey/begin"))) as PublicKeyCredentialRequestOptionsJSON;
}

/** Signs in by a passkey that was chosen, or by one that the browser asks for now. */
export async function signInByPasskey(chosen?: AuthenticationResponseJSON): Promise<void> {
  const credential = chosen ?? (await fromBrowser());
  await take(client.POST("/api/auth/login/passkey", { body: { credential, cookies: true, device: device(navigator.userAgent) } }));
  remember(true);
}

async function fromBrowser(): Promise<AuthenticationResponseJSON> {
  const [optionsJSON, { startAuthentication }] = await Promise.all([asked(), browser()]);
  return startAuthentication({ optionsJSON });
}

/**
 * Has the browser offer passkeys where the address is typed, and gives the one that is chosen. None, where the signal ended it, or
 * where it cannot be: nobody asked for it, so nobody is told.
 */
export async function offered(signal: AbortSignal): Promise<AuthenticationResponseJSON | undefined> {
  const { browserSupportsWebAuthnAutofill, startAuthentication, WebAuthnAbortService } = await browser();
  if (!(await browserSupportsWebAuthnAutofill())) return undefined;
  while (!signal.aborted) {
    await seen(signal);
    const optionsJSON = await asked();
    if (signal.aborted) return undefined;
    const over = AbortSignal.any([signal, AbortSignal.timeout((optionsJSON.timeout ?? 60_000) * MOST)]);
    const end = () => WebAuthnAbortService.cancelCeremony();
    over.addEventListener("abort", end, { once: true });
    try {
      const chosen = await startAuthentication({ optionsJSON, useBrowserAutofill: true });
      return signal.aborted ? undefined : chosen;
    } catch (thrown) {
      if (!over.aborted) throw thrown;
    } finally {
      // What is begun after this one is not ended with it.
      over.removeEventListener("abort", end);
    }
  }
  return undefined;
}

/** Until somebody may look at the page: one that was left open asks for nothing. */
async function seen(signal: AbortSignal): Promise<void> {
  await new Promise<void>((go) => {
    const look = () => (document.hidden ? undefined : go());
    document.addEventListener("visibilitychange", look, { signal });
    look();
  });
}
