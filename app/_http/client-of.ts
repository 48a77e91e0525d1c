import type { Client } from "@/lib/audit/events";
import { clipUserAgent } from "@/lib/policy/user-agent";

/** Who sent the request: the front door has put the caller's address in place. */
export function clientOf(headers: Headers): Client {
  return {
    ip: headers.get("x-forwarded-for") ?? "unknown",
    userAgent: clipUserAgent(headers.get("user-agent")),
  };
}
