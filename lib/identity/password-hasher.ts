import { hash, type Options, verify } from "@node-rs/argon2";
import pLimit from "p-limit";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

/** OWASP Password Storage: argon2id with 19 MiB, two passes, one lane. */
const ARGON2ID: Options = { algorithm: 2, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

const MAX_CONCURRENT_HASHES = 2;
const MAX_WAITING_HASHES = 50;
const RETRY_AFTER_SECONDS = 2;

/** Checked when nobody has the address, so that the answer takes as long. Of a random password nobody knows. */
const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$QYBVnwZ0OFhSRB/6HPoIOg$C4tZpIg1iAJEh8jap0pO1ruD/gigya0mRPDqxgWtJrw";

/** Hashes and checks passwords, a few at a time: 19 MiB each, and the server stays able to answer the rest. */
export class PasswordHasher {
  readonly #limit = pLimit(MAX_CONCURRENT_HASHES);

  /** Throws `rate_limited` when too many wait. */
  hash(password: string): Promise<string> {
    return this.#run(() => hash(password, ARGON2ID));
  }

  /** False also when there is no hash to check against, after the same work. Throws `rate_limited` likewise. */
  async verify(password: string, passwordHash: string | null): Promise<boolean> {
    const isRight = await this.#run(() => verify(passwordHash ?? NOBODYS_HASH, password));
    return isRight && passwordHash !== null;
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#limit.pendingCount >= MAX_WAITING_HASHES) {
      throw new LatchkeyError("rate_limited", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        reason: "too many passwords are being checked",
      });
    }
    return this.#limit(work);
  }
}
