import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";

/** Who else says who somebody is: an OpenID provider that knows one person, who always agrees. */
export class Provider {
  #server: Server | undefined;
  #url = "";
  readonly #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  readonly #codes = new Map<string, { nonce: string; challenge: string }>();
  /** How often somebody was sent here. */
  visits = 0;

  constructor(
    readonly subject: string,
    readonly email: string,
  ) {}

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", this.#url);
      const json = (body: unknown) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      const issuer = this.#url;
      if (pathname === "/.well-known/openid-configuration") {
        return json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
          code_challenge_methods_supported: ["S256"],
          authorization_response_iss_parameter_supported: true,
        });
      }
      if (pathname === "/jwks") return json({ keys: [{ ...this.#keys.publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] });
      if (pathname === "/authorize") {
        this.visits += 1;
        const code = `code-${this.visits}`;
        this.#codes.set(code, { nonce: searchParams.get("nonce") ?? "", challenge: searchParams.get("code_challenge") ?? "" });
        const back = new URL(searchParams.get("redirect_uri") ?? "");
        back.search = new URLSearchParams({ code, state: searchParams.get("state") ?? "", iss: issuer }).toString();
        return response.writeHead(302, { location: back.href }).end();
      }
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const form = new URLSearchParams(body);
        const known = this.#codes.get(form.get("code") ?? "");
        const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
        if (!known || known.challenge !== challenge) return response.writeHead(400).end();
        const now = Math.floor(Date.now() / 1_000);
        const claims = { iss: issuer, sub: this.subject, aud: "swarm", iat: now, exp: now + 300, nonce: known.nonce, email: this.email, email_verified: true };
        return json({ access_token: "none", token_type: "Bearer", expires_in: 300, id_token: this.#signed(claims) });
      });
      return undefined;
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    this.#url = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  }

  #signed(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "RS256", kid: "1", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${createSign("RSA-SHA256").update(text).sign(this.#keys.privateKey, "base64url")}`;
  }

  async end(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((done) => (this.#server ? this.#server.close(done) : done(undefined)));
  }
}
