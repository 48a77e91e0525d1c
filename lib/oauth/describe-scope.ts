import { EMAIL, OFFLINE_ACCESS, OPENID } from "./client";
import { wordsOf } from "./scope";
import type { Permission } from "./stores";
import { userinfoAudience } from "./userinfo-audience";

const SENTENCES = new Map([
  [OPENID, "Know who you are"],
  [EMAIL, "See your e-mail address"],
  [OFFLINE_ACCESS, "Stay connected after you have signed out here"],
]);

/** Of a client that asks for no service and says no word. */
const NOTHING = "Know that you are here, and nothing more";

/**
 * What a client may do, a sentence each for the person who is asked, none twice and one at least; words of services are
 * quoted as they are.
 */
export function describePermissions(permissions: readonly Permission[], issuer: string): string[] {
  const sentences = permissions.flatMap(({ audience, scope }) =>
    describeScope(scope, audience === userinfoAudience(issuer) ? null : audience),
  );
  return sentences.length === 0 ? [NOTHING] : [...new Set(sentences)];
}

function describeScope(scope: string, service: string | null): string[] {
  const words = wordsOf(scope);
  const known = words.flatMap((word) => SENTENCES.get(word) ?? []);
  const others = words.filter((word) => !SENTENCES.has(word));
  if (service === null) return [...known, ...others.map((word) => `Use “${word}”`)];
  const uses = others.map((word) => `Use “${word}” at ${service} in your name`);
  return [...known, ...(uses.length > 0 ? uses : [`Call ${service} in your name`])];
}
