/**
 * An OIDC issuer as forges have one: signs real tokens for jobs, publishes its keys, rotates them.
 *
 * @module
 */
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

type SigningKey = { kid: string; alg: "RS256" | "ES256"; privateKey: CryptoKey; jwk: JWK };

export type TokenOptions = {
  /** Seconds since the epoch; now. */
  issuedAt?: number;
  /** Seconds a token lives; 300. */
  lives?: number;
  /** Header fields over the right ones. */
  header?: Record<string, unknown>;
  /** Signs with this key, whatever the header says. */
  key?: CryptoKey;
};

export class Issuer {
  readonly url: string;
  /** Requests for its documents so far. */
  asked = 0;
  /** While true it answers 500. */
  down = false;
  #keys: SigningKey[] = [];

  private constructor(url: string) {
    this.url = url;
  }

  static async start(url: string, alg: SigningKey["alg"] = "ES256"): Promise<Issuer> {
    const issuer = new Issuer(url);
    await issuer.rotate(alg);
    return issuer;
  }

  /** Signs with a new key from now on; what the old ones signed is good no more. */
  async rotate(alg: SigningKey["alg"] = "ES256"): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = crypto.randomUUID();
    this.#keys = [{ kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } }];
  }

  /** A signed token with these claims; `iss`, `iat`, `nbf`, `exp` and a new `jti` are added where not given. */
  token(claims: JWTPayload, options: TokenOptions = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("the issuer has no key");
    const issuedAt = options.issuedAt ?? Math.floor(Date.now() / 1000);
    const standard = { iss: this.url, jti: crypto.randomUUID(), iat: issuedAt, nbf: issuedAt };
    const payload = { ...standard, exp: issuedAt + (options.lives ?? 300), ...claims };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT", ...options.header })
      .sign(options.key ?? key.privateKey);
  }

  /** The public key, as published. */
  get publicJwk(): JWK {
    return this.#keys[0]?.jwk ?? {};
  }

  /** What it answers for a path below its address; undefined for anything that is not one of its documents. */
  document(url: string): { status: number; body: unknown } | undefined {
    const documents: Record<string, unknown> = {
      [`${this.url}/.well-known/openid-configuration`]: { issuer: this.url, jwks_uri: `${this.url}/.well-known/jwks` },
      [`${this.url}/.well-known/jwks`]: { keys: this.#keys.map(({ jwk }) => jwk) },
    };
    const body = documents[url];
    if (body === undefined) return undefined;
    this.asked++;
    return this.down ? { status: 500, body: {} } : { status: 200, body };
  }
}
