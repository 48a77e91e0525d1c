import { createRemoteJWKSet, customFetch, type JSONWebKeySet, jwksCache, jwtVerify } from "jose";
import type { Server } from "./cluster";
import { seededRandom } from "./seeded-random";
import type { IssuedToken } from "./traffic";

export const JWKS_PATH = "/.well-known/jwks.json";

/** Another service, which verifies access tokens by the JWKS: rejects for one that it would refuse. */
export type Verifier = (accessToken: string) => Promise<void>;

export interface VerifierOptions {
  /** Whom it asks for the JWKS, in turn. */
  servers: readonly Server[];
  /** How long it keeps the JWKS, whatever arrives meanwhile: it asks nobody about a `kid` that it does not know. */
  keepMs: number;
  /** How many of them, whose copies are to be replaced at times evenly apart. */
  count: number;
}

/** As many services do it: jose's `createRemoteJWKSet`. All of them have the JWKS of this moment. */
export async function createVerifiers({ servers, keepMs, count }: VerifierOptions): Promise<Verifier[]> {
  const [first] = servers;
  if (first === undefined) throw new Error("Somebody has to be asked for the JWKS.");
  const jwks = (await first.request("GET", JWKS_PATH)).json<JSONWebKeySet>();
  const ageMs = (index: number) => (Number.isFinite(keepMs) ? (index * keepMs) / count : 0);
  return Array.from({ length: count }, (_, index) =>
    createVerifier(servers, index, keepMs, { jwks, uat: Date.now() - ageMs(index) }),
  );
}

function createVerifier(
  servers: readonly Server[],
  first: number,
  keepMs: number,
  held: { jwks: JSONWebKeySet; uat: number },
): Verifier {
  const { origin } = servers[0] as Server;
  let turn = first;
  const ask = async () => {
    turn += 1;
    const { status, body } = await (servers[turn % servers.length] as Server).request("GET", JWKS_PATH);
    return new Response(body, { status });
  };
  const keys = createRemoteJWKSet(new URL(JWKS_PATH, origin), {
    cacheMaxAge: keepMs,
    cooldownDuration: keepMs,
    [customFetch]: ask,
    [jwksCache]: held,
  });
  return async (accessToken) => {
    await jwtVerify(accessToken, keys, { issuer: origin, audience: origin, typ: "at+jwt" });
  };
}

interface Tally {
  issued: number;
  verified: number;
}

/** What many verifiers say of every token: each is shown it as it is issued, and earlier ones again and again. */
export class Verifications {
  readonly tallies = new Map<string, Tally>();
  readonly failures: string[] = [];
  private readonly seen: IssuedToken[] = [];
  private readonly random = seededRandom(20_261_124);

  constructor(private readonly verifiers: readonly Verifier[]) {}

  async check(token: IssuedToken): Promise<void> {
    this.seen.push(token);
    this.tally(token.kid).issued += 1;
    const earlier = this.seen[Math.floor(this.random() * this.seen.length)] ?? token;
    for (const verifier of this.verifiers) {
      await this.verify(verifier, token);
      await this.verify(verifier, earlier);
    }
  }

  get verified(): number {
    return [...this.tallies.values()].reduce((sum, { verified }) => sum + verified, 0);
  }

  private async verify(verifier: Verifier, { kid, text }: IssuedToken): Promise<void> {
    try {
      await verifier(text);
      this.tally(kid).verified += 1;
    } catch (error) {
      this.failures.push(`${kid}: ${error}`);
    }
  }

  private tally(kid: string): Tally {
    const tally = this.tallies.get(kid) ?? { issued: 0, verified: 0 };
    this.tallies.set(kid, tally);
    return tally;
  }
}
