import { type CryptoKey, compactDecrypt } from "jose";
import { isObject, type JsonObject, parseCompactJweHeader } from "./compact";
import type { TokenEncryption } from "./profiles";

/** The private key of whoever may read a token. */
export interface DecryptionKey {
  kid: string;
  curve: string;
  key: CryptoKey;
}

/** The only members of the outer header: `zip`, `crit`, `jku`, `p2c`, `apu` end here. */
const HEADER_MEMBERS = new Set(["alg", "enc", "kid", "cty", "epk"]);
const EPK_MEMBERS = new Set(["kty", "crv", "x", "y"]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The signed token within a nested one (RFC 7516 section 5.2, RFC 8725bis sections 3.3 to 3.6), or null: whatever
 * failed is one and the same failure.
 */
export async function decryptToken(
  text: string,
  encryption: TokenEncryption,
  keys: readonly DecryptionKey[],
): Promise<string | null> {
  const header = parseCompactJweHeader(text);
  if (header === null || !isOurHeader(header, encryption)) return null;
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined || !isEphemeralKey(header.epk, key.curve)) return null;
  try {
    const { plaintext } = await compactDecrypt(text, key.key, {
      keyManagementAlgorithms: [encryption.keyManagement],
      contentEncryptionAlgorithms: [encryption.content],
    });
    return utf8.decode(plaintext);
  } catch {
    return null;
  }
}

function isOurHeader(header: JsonObject, { keyManagement, content }: TokenEncryption): boolean {
  return (
    Object.keys(header).every((member) => HEADER_MEMBERS.has(member)) &&
    header.alg === keyManagement &&
    header.enc === content &&
    header.cty === "JWT"
  );
}

/** Of the recipient's curve (J4); whether the point is on it, the import of the key finds. */
const isEphemeralKey = (epk: unknown, curve: string): boolean =>
  isObject(epk) &&
  Object.keys(epk).every((member) => EPK_MEMBERS.has(member)) &&
  epk.kty === "EC" &&
  epk.crv === curve;
