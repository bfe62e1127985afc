/**
 * RSA private keys as PEM, in either form: GitHub gives PKCS#1, WebCrypto takes PKCS#8.
 *
 * @module
 */
import { fromBase64 } from "../contract/base64.ts";

/** The key, for RS256; undefined when the text holds none that can be used. */
export async function importPrivateKey(pem: string): Promise<CryptoKey | undefined> {
  const match = /-----BEGIN (RSA )?PRIVATE KEY-----([\s\S]+?)-----END (RSA )?PRIVATE KEY-----/.exec(pem);
  const bytes = fromBase64((match?.[2] ?? "").replaceAll(/\s/g, ""));
  if (match === null || bytes === undefined || match[1] !== match[3]) return undefined;
  const pkcs8 = match[1] === undefined ? bytes : wrapped(bytes);
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, [
      "sign",
    ]);
  } catch {
    return undefined;
  }
}

/** rsaEncryption with no parameters, DER (RFC 8017 appendix A.1). */
const RSA_ALGORITHM = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/** PKCS#1 inside PKCS#8: version 0, algorithm, the key as an octet string (RFC 5208 section 5). */
function wrapped(pkcs1: Uint8Array): Uint8Array<ArrayBuffer> {
  const octets = [0x04, ...derLength(pkcs1.length), ...pkcs1];
  const content = [0x02, 0x01, 0x00, ...RSA_ALGORITHM, ...octets];
  return Uint8Array.from([0x30, ...derLength(content.length), ...content]);
}

/** A length in DER's definite form (X.690 section 8.1.3). */
function derLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}
