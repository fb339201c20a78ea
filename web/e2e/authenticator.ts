import type { CDPSession } from "playwright-core";
import type { Person } from "./browser";

/** What keeps passkeys, and whom it knows. */
export class Authenticator {
  #without: string | undefined;

  private constructor(
    readonly session: CDPSession,
    readonly authenticatorId: string,
  ) {}

  static async of({ context, page }: Person): Promise<Authenticator> {
    const session = await context.newCDPSession(page);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    await session.send("Page.enable");
    const made = new Authenticator(session, authenticatorId);
    await made.isOffered(false);
    return made;
  }

  /** Whether it knows who touches it. */
  async knows(isUserVerified: boolean): Promise<void> {
    await this.session.send("WebAuthn.setUserVerified", { authenticatorId: this.authenticatorId, isUserVerified });
  }

  /** Whether somebody touches it as soon as it asks. */
  async isTouched(enabled: boolean): Promise<void> {
    await this.session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId: this.authenticatorId, enabled });
  }

  /** Whether pages that are opened from now on offer passkeys where the address is typed. What is offered is taken at once. */
  async isOffered(enabled: boolean): Promise<void> {
    const { session } = this;
    if (this.#without) await session.send("Page.removeScriptToEvaluateOnNewDocument", { identifier: this.#without });
    this.#without = undefined;
    if (enabled) return;
    const source = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;";
    this.#without = (await session.send("Page.addScriptToEvaluateOnNewDocument", { source })).identifier;
  }

  async kept(): Promise<number> {
    return (await this.session.send("WebAuthn.getCredentials", { authenticatorId: this.authenticatorId })).credentials.length;
  }
}
