import type { Algorithm } from "./algorithms";
import type { Assessment, KeyCustody, NewKey, Signer } from "./custody";
import { isOutside, type OutsideCustody } from "./outside-custody";
import type { SealedCustody } from "./sealed-custody";
import { audienceOfUse, isItself, type SigningKeyRecord } from "./signing-key";

/** Each key in the custody that it is in. */
export class EveryCustody implements KeyCustody {
  constructor(
    private readonly sealed: SealedCustody,
    private readonly outside: OutsideCustody | null,
    /** Where new keys are made, but for what is always sealed: those that are elsewhere make way for them. */
    private readonly home: KeyCustody = outside ?? sealed,
  ) {}

  generate(use: NewKey["use"], algorithm: Algorithm): Promise<NewKey> {
    return this.#homeOf(use).generate(use, algorithm);
  }

  async assess(key: SigningKeyRecord): Promise<Assessment> {
    if (!(await isItself(key))) {
      return {
        standing: "refused",
        problem: `Signing key ${key.kid} is refused: its public key is not the one that its kid names. Find out who wrote to the database.`,
      };
    }
    // It signs no more; whoever held it may have forgotten it.
    if (isOutside(key) && key.state === "retiring") return { standing: "usable", problem: null };
    const custody = isOutside(key) ? this.outside : this.sealed;
    if (custody === null) return heldElsewhere(key);
    const assessment = await custody.assess(key);
    const isMoving = custody !== this.#homeOf(key.use) && assessment.standing === "preferred";
    return isMoving ? { ...assessment, standing: "usable" } : assessment;
  }

  open(key: SigningKeyRecord): Promise<Signer> {
    return this.#of(key).open(key);
  }

  openSecret(key: NewKey): Uint8Array<ArrayBuffer> {
    return this.#of(key).openSecret(key);
  }

  async discard(key: Pick<SigningKeyRecord, "kid" | "custody">): Promise<void> {
    if (isOutside(key)) await this.outside?.discard(key);
  }

  /** The secret of an audience is shared with it: it has to be shown once. */
  #homeOf(use: NewKey["use"]): KeyCustody {
    return audienceOfUse(use) === null ? this.home : this.sealed;
  }

  #of(key: NewKey): KeyCustody {
    if (!isOutside(key)) return this.sealed;
    if (this.outside === null)
      throw new Error(`Key ${key.kid} is held by a signer that SIGNER_SOCKET does not name.`);
    return this.outside;
  }
}

const heldElsewhere = ({ kid }: SigningKeyRecord): Assessment => ({
  standing: "foreign",
  problem: `Signing key ${kid} cannot sign: a signer outside holds it. Set SIGNER_SOCKET.`,
});
