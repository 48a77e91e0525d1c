import { parseClientJwks } from "@/lib/oauth/client-jwks";

/** What was typed, as JSON: a JWK Set, or one key, which is a set of one. Undefined when it is no JSON. */
export function readKeys(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    const isOneKey = typeof json === "object" && json !== null && "kty" in json;
    return isOneKey ? { keys: [json] } : json;
  } catch {
    return undefined;
  }
}

/** What an address may hold of it: addresses are written down in many places. Null: nothing. */
export function publicKeysText(text: string): string | null {
  if (text.trim() === "") return "";
  try {
    return JSON.stringify(parseClientJwks(readKeys(text)));
  } catch {
    return null;
  }
}
