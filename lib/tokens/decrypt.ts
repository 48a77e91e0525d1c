import { type CryptoKey, compactDecrypt } from "jose";
import { hasOnly, isObject, type JsonObject, parseCompactJweHeader, utf8 } from "./compact";
import type { TokenEncryption } from "./service-profiles";

/** The private key of whoever may read a token. */
export interface DecryptionKey {
  kid: string;
  curve: string;
  key: CryptoKey;
}

/** The only members of the outer header, beside `cty` and `epk`: `zip`, `crit`, `jku`, `p2c`, `apu` end here. */
const HEADER_MEMBERS = ["alg", "enc", "kid"];
const EPK_MEMBERS = ["kty", "crv", "x", "y"];

/**
 * The signed token within a nested one (RFC 7516 section 5.2, RFC 8725bis sections 3.3 to 3.6), or nothing: whatever
 * failed is one and the same failure.
 */
export async function decryptToken(
  text: string,
  encryption: TokenEncryption,
  keys: readonly DecryptionKey[],
): Promise<string> {
  const header = parseCompactJweHeader(text);
  const key = keys.find(({ kid }) => kid === header?.kid);
  if (!header || !key || !isOurHeader(header, key.curve)) return "";
  try {
    const { plaintext } = await compactDecrypt(text, key.key, {
      keyManagementAlgorithms: [encryption.keyManagement],
      contentEncryptionAlgorithms: [encryption.content],
    });
    return utf8.decode(plaintext);
  } catch {
    return "";
  }
}

/** The ephemeral key of the recipient's curve (J4); whether the point is on it, the import of the key finds. */
const isOurHeader = ({ cty, epk, ...header }: JsonObject, curve: string): boolean =>
  hasOnly(header, HEADER_MEMBERS) &&
  cty === "JWT" &&
  isObject(epk) &&
  hasOnly(epk, EPK_MEMBERS) &&
  epk.kty === "EC" &&
  epk.crv === curve;
