import { EMAIL, OFFLINE_ACCESS, OPENID } from "./client";
import { wordsOf } from "./scope";

const SENTENCES = new Map([
  [OPENID, "Know who you are"],
  [EMAIL, "See your e-mail address"],
  [OFFLINE_ACCESS, "Stay connected after you have signed out here"],
]);

/** What a scope lets a client do, a sentence each for the person who is asked; words of services are quoted as they are. */
export function describeScope(scope: string, audience: string | null): string[] {
  const words = wordsOf(scope);
  const known = words.flatMap((word) => SENTENCES.get(word) ?? []);
  const others = words.filter((word) => !SENTENCES.has(word));
  if (audience === null) return [...known, ...others.map((word) => `Use “${word}”`)];
  const uses = others.map((word) => `Use “${word}” at ${audience} in your name`);
  return [...known, ...(uses.length > 0 ? uses : [`Call ${audience} in your name`])];
}
