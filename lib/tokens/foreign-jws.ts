import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { type CompactJws, parseCompactJws, utf8 } from "./compact";

/**
 * Takes apart a compact JWS that another program wrote, or returns null: as `parseCompactJws`, except that white space
 * between the tokens of its JSON and escapes within its texts may be as that program writes them. They have one meaning
 * too; a member that is there twice has not.
 */
export function parseForeignJws(text: string): CompactJws | null {
  const [header = "", payload = "", ...others] = text.split(".");
  return parseCompactJws([rewrite(header), rewrite(payload), ...others].join("."));
}

/** The same JSON in our own form, as far as that can be said by its tokens alone; anything else as it is. */
function rewrite(part: string): string {
  try {
    const json = utf8.decode(decodeBase64url(part) ?? undefined);
    JSON.parse(json);
    return encodeBase64url(Buffer.from(json.replace(TEXT_OR_SPACE, inOurForm)));
  } catch {
    return part;
  }
}

/** In JSON that holds: a text as a whole, or white space outside of one (RFC 8259 sections 2 and 7). */
const TEXT_OR_SPACE = /"(?:[^"\\]|\\.)*"|\s+/g;

const inOurForm = (token: string): string => (token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : "");
