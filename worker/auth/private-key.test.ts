import { describe, expect, it } from "vitest";
import { toBase64 } from "../contract/base64.ts";
import { importPrivateKey } from "./private-key.ts";

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

async function freshKey() {
  const how = { ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(how, true, ["sign", "verify"])) as CryptoKeyPair;
  const pkcs8 = new Uint8Array((await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer);
  return { pair, pkcs8 };
}

function pem(label: string, bytes: Uint8Array, newline = "\n"): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join(newline);
}

describe("importPrivateKey", () => {
  it("takes PKCS#8 and the PKCS#1 that GitHub gives, and both sign the same", async () => {
    const { pair, pkcs8 } = await freshKey();
    // The PKCS#1 key is the octet string at the end: behind 26 bytes of header with a key of this size.
    const pkcs1 = pkcs8.slice(26);
    const text = new TextEncoder().encode("hello");
    for (const given of [
      pem("PRIVATE KEY", pkcs8),
      pem("RSA PRIVATE KEY", pkcs1),
      pem("RSA PRIVATE KEY", pkcs1, "\r\n"),
    ]) {
      const key = await importPrivateKey(given);
      if (key === undefined) throw new Error(`${given.slice(0, 32)} was not taken`);
      const signature = await crypto.subtle.sign(RSA.name, key, text);
      expect(await crypto.subtle.verify(RSA.name, pair.publicKey, signature, text)).toBe(true);
    }
  });

  it.each([
    "",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nnot base64\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
  ])("refuses %j", async (text) => {
    expect(await importPrivateKey(text)).toBeUndefined();
  });
});
