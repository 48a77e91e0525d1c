import { HeldClock } from "@/lib/keys/testing/held-clock";
import { forge, ISSUER, NOW, type TestKey } from "@/lib/tokens/testing/test-issuer";
import { createVerifier, type Verifier } from "../create-verifier";
import type { Rejection, VerifierOptions } from "../options";

export const AUDIENCE = "orders";

/** What a token for a service says otherwise than one of our own pages. */
const SERVICE_CLAIMS = { aud: AUDIENCE, gen: undefined, scope: "read write" };

/** A validly signed token for the service that differs from an honest one in exactly these members. */
export const serviceToken = (key: TestKey, changes: { header?: object; payload?: object } = {}): string =>
  forge(key, { ...changes, payload: { ...SERVICE_CLAIMS, ...changes.payload } });

/** An issuer at the end of an injected `fetch`. */
export interface TestIssuer {
  keys: readonly TestKey[];
  /** In Redis, as Latchkey writes it. */
  denials: Set<string>;
  isRedisFilled: boolean;
  isDown: boolean;
  /** The paths that were asked for. */
  asked: string[];
  fetch: typeof fetch;
  redis: { mget(...keys: string[]): Promise<(string | null)[]> };
}

export function createTestIssuer(keys: readonly TestKey[]): TestIssuer {
  const issuer: TestIssuer = {
    keys,
    denials: new Set(),
    isRedisFilled: true,
    isDown: false,
    asked: [],
    fetch: async (url) => {
      issuer.asked.push(new URL(String(url)).pathname);
      if (issuer.isDown) throw new TypeError("fetch failed", { cause: new Error("connection refused") });
      const jwks = issuer.keys.map(({ kid, publicJwk }) => ({ ...publicJwk, kid }));
      return Response.json({ keys: jwks });
    },
    redis: {
      async mget(...names) {
        if (issuer.isDown) throw new Error("Redis is down.");
        const isThere = (name: string) =>
          name.endsWith(":filled") ? issuer.isRedisFilled : issuer.denials.has(name);
        return names.map((name) => (isThere(name) ? "1" : null));
      },
    },
  };
  return issuer;
}

export interface TestService {
  verifier: Verifier;
  clock: HeldClock;
  /** Why tokens were refused, in order. */
  rejections: Rejection[];
  problems: string[];
}

type Changes = Partial<Omit<VerifierOptions, "profile">> & Record<string, unknown>;

/** A service with the profile `mesh`, unless the changes say otherwise. */
export function createTestService(issuer: TestIssuer, changes: Changes = {}): TestService {
  const clock = new HeldClock(NOW);
  const rejections: Rejection[] = [];
  const problems: string[] = [];
  const verifier = createVerifier({
    profile: "mesh",
    issuer: ISSUER,
    audience: AUDIENCE,
    revocation: { redis: issuer.redis },
    onRejected: (reason: Rejection) => rejections.push(reason),
    onProblem: (problem: string) => problems.push(problem),
    fetch: issuer.fetch,
    clock,
    ...changes,
  } as VerifierOptions);
  return { verifier, clock, rejections, problems };
}
