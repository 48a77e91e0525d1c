import type { AudienceProfile } from "@/lib/audiences/audience";

/** For whom each profile is, in a sentence or two. */
export const PROFILE_TEXT: Record<AudienceProfile, string> = {
  mesh: "For services that check tokens with Latchkey’s published keys (JWKS). The right choice unless something speaks against it.",
  "high-security":
    "For claims that nobody on the way may read: signed, then encrypted to the service’s own key. Tokens live for 5 minutes at most.",
  legacy:
    "For systems that only know shared secrets: HS256, with a secret that this service alone is given, once.",
};

export const MONOLITH_TEXT =
  "monolith is not among them: it is the profile of our own pages where SESSION_ALGORITHM is HS256. Its secret never leaves Latchkey, so no service could check its tokens.";

/** A lifetime as it is read: whole minutes where it is some. */
export function lifetimeText(seconds: number): string {
  if (seconds % 60 !== 0) return `${seconds} seconds`;
  return seconds === 60 ? "1 minute" : `${seconds / 60} minutes`;
}
