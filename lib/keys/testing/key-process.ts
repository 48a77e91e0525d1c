import { COMMAND_LINE } from "@/lib/audit/actor";
import type { Clock } from "@/lib/crypto/clock";
import type { Denial, DenialStore } from "@/lib/revocation/denial";
import { revokeKey } from "@/lib/revocation/revoke-key";
import { strictDenylist } from "@/lib/revocation/testing/denylists";
import type { SessionClaims } from "@/lib/tokens/claims";
import { issueAccessToken } from "@/lib/tokens/issue";
import { ownProfile } from "@/lib/tokens/profiles";
import { TokenVerifier } from "@/lib/tokens/token-verifier";
import type { Verification } from "@/lib/tokens/verify";
import type { Algorithm } from "../algorithms";
import type { OutsideSigner } from "../outside-custody";
import { rewrapKeys } from "../rewrap-keys";
import { type KeyStores, requestRotation } from "../rotation";
import type { MemorySigningKeyStore } from "./memory-signing-key-store";
import { Crash, Lifetime, MortalKeyStore } from "./mortal-key-store";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./test-keys";

const DAY_SECONDS = 86_400;
const ORIGIN = "https://login.example.com";
/** The longest life and the largest tolerance that can be set. */
const PROFILE = ownProfile("ES256", 900);
export const TOLERANCE_SECONDS = 30;

/** What a process reads at its start. */
export interface ProcessSettings {
  secrets: readonly string[];
  algorithm: Algorithm;
  rotationDays: number;
  /** Whether its new keys are made and kept by the signer outside. */
  hasSigner: boolean;
  /** By how much its clock is ahead of the true one. */
  skewSeconds: number;
}

export interface Token {
  text: string;
  kid: string;
  algorithm: Algorithm;
  expiresAt: Date;
}

interface Life {
  lifetime: Lifetime;
  keys: TestKeys;
  verifier: TokenVerifier<SessionClaims>;
  isServing: boolean;
}

/** A process that can end at any moment, and that starts anew when it is next asked for something. */
export class KeyProcess {
  /** How often it has ended. */
  crashes = 0;
  #life: Life | null = null;

  constructor(
    readonly settings: ProcessSettings,
    readonly clock: Clock,
    private readonly shared: MemorySigningKeyStore,
    private readonly denials: DenialStore,
    private readonly signer: OutsideSigner,
  ) {}

  /** Of a process that runs. */
  get keys(): TestKeys | null {
    return this.#life?.keys ?? null;
  }

  /** Reads its keys and takes what is due, as every 400 ms; then it serves. */
  poll = (momentsLeft?: number) => this.#live(momentsLeft, async ({ keys }) => keys.open());

  reload = (momentsLeft?: number) => this.#live(momentsLeft, async ({ keys }) => keys.keyring.load());

  /** Of one of the lines that there are. */
  requestRotation = (nth: number, momentsLeft?: number) =>
    this.#live(momentsLeft, ({ keys }) => {
      const { lines } = keys.keyring;
      return requestRotation(keys, COMMAND_LINE, null, lines[nth % lines.length]?.algorithm);
    });

  revoke = (kid: string, momentsLeft?: number) =>
    this.#live(momentsLeft, async ({ keys, lifetime }) => {
      const denylist = strictDenylist(this.denials, this.clock);
      const atomically = this.#withDenials(keys, lifetime);
      await revokeKey({ ...keys, denylist, atomically }, kid, "found in a backup", COMMAND_LINE);
      return kid;
    });

  rewrap = (momentsLeft?: number) =>
    this.#live(momentsLeft, async ({ keys }) => {
      for await (const { problem } of rewrapKeys(keys, keys.sealed, COMMAND_LINE)) void problem;
    });

  /** By just this algorithm, or as for our own pages. Null when the process has ended over it. Rejects as `findSigner` does. */
  issue = (exactly: Algorithm | null, momentsLeft?: number): Promise<Token | null> =>
    this.#live(momentsLeft, async ({ keys: { keyring } }) => {
      const now = this.clock.now();
      const signer = await (exactly === null
        ? keyring.findSigner()
        : keyring.findSignerFor("access_token", exactly));
      const subject = { userId: "ada", role: "user", sessionId: "session", generation: 1 } as const;
      const times = { authenticatedAt: now, sessionExpiresAt: new Date(8.64e15) };
      const issued = await issueAccessToken({ ...subject, ...times }, ORIGIN, PROFILE, signer, now);
      const { kid, algorithm } = signer;
      return { text: issued.accessToken, kid, algorithm, expiresAt: issued.accessTokenExpiresAt };
    });

  verify = (token: Token): Promise<Verification<SessionClaims> | null> =>
    this.#live(undefined, ({ verifier }) => verifier.verify(token.text));

  async #live<Result>(
    momentsLeft: number | undefined,
    act: (life: Life) => Promise<Result>,
  ): Promise<Result | null> {
    this.#life ??= this.#begin();
    const life = this.#life;
    if (momentsLeft !== undefined) life.lifetime.endAfter(momentsLeft);
    try {
      // It serves nobody before.
      if (!life.isServing) await life.keys.open();
      life.isServing = true;
      return await act(life);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      if (this.#life === life) {
        this.#life = null;
        this.crashes += 1;
      }
      return null;
    }
  }

  #begin(): Life {
    const { secrets, algorithm, rotationDays, hasSigner } = this.settings;
    const { clock } = this;
    const signer = hasSigner ? this.signer : null;
    const lifetime = new Lifetime();
    const store = new MortalKeyStore(this.shared, lifetime, clock);
    const schedule = { ...TEST_SCHEDULE, rotationSeconds: rotationDays * DAY_SECONDS };
    const keys = createTestKeys({ clock, store, algorithm, secrets, signer, schedule });
    const { keyring } = keys;
    const rules = {
      issuer: ORIGIN,
      audience: ORIGIN,
      profile: PROFILE,
      clockToleranceSeconds: TOLERANCE_SECONDS,
      findKey: (kid: string) => keyring.findVerificationKey(kid),
      get algorithms() {
        return keyring.algorithms;
      },
    };
    return { lifetime, keys, verifier: new TokenVerifier(rules, keyring, clock), isServing: false };
  }

  /** Denials are written in the same transaction: none of one that fails. */
  #withDenials({ atomically }: TestKeys, lifetime: Lifetime) {
    return <Result>(
      work: (stores: KeyStores & { denials: DenialStore }) => Promise<Result>,
    ): Promise<Result> =>
      atomically(async (stores) => {
        const written: Denial[] = [];
        const { denials } = this;
        const deny = async (denial: Denial) => lifetime.during(async () => void written.push(denial));
        const result = await work({
          ...stores,
          denials: {
            deny,
            covers: (token, now) => denials.covers(token, now),
            readSince: (cursor, now) => denials.readSince(cursor, now),
          },
        });
        for (const denial of written) await denials.deny(denial);
        return result;
      });
  }
}
