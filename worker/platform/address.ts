/**
 * Where a request comes from, for counting.
 *
 * @module
 */
import ipaddr from "ipaddr.js";

/**
 * Cloudflare says who asks; an IPv6 customer has a whole /64, and is one all the same. Undefined where nobody
 * says it, as on a machine of one's own.
 */
export function addressOf(headers: Headers): string | undefined {
  const address = headers.get("cf-connecting-ip") ?? undefined;
  if (address === undefined || !ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.IPv6.parse(address).toNormalizedString().split(":").slice(0, 4).join(":");
}
