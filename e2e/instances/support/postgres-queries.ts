import type { ReadMessage } from "./counted-wire";

const LENGTH_BYTES = 4;

/**
 * Reads what a frontend asks to be executed (PostgreSQL's documentation, "Message Formats"): simple queries, and
 * prepared statements by the text they were parsed from.
 */
export function postgresQueries(): ReadMessage {
  const executed = newSession();
  // Only the startup message has no type before its length, which counts itself.
  let typeBytes = 0;
  return (bytes) => {
    if (bytes.length < typeBytes + LENGTH_BYTES) return null;
    const end = typeBytes + bytes.readUInt32BE(typeBytes);
    if (bytes.length < end) return null;
    const type = bytes.toString("latin1", 0, typeBytes);
    const asked = executed(type, bytes.toString("utf8", typeBytes + LENGTH_BYTES, end));
    typeBytes = 1;
    return { asked, end };
  };
}

/** Says of each message of a connection which query it executes, or null. */
function newSession(): (type: string, body: string) => string | null {
  const statements = new Map<string, string>();
  const portals = new Map<string, string>();
  return (type, body) => {
    const [first = "", second = ""] = body.split("\0", 2);
    if (type === "P") statements.set(first, second);
    if (type === "B") portals.set(first, statements.get(second) ?? "");
    if (type === "E") return portals.get(first) ?? "";
    return type === "Q" ? first : null;
  };
}
