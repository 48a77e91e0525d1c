import type { Clock } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import type { Algorithm } from "../algorithms";
import type { NewKey } from "../custody";
import type { Holdings, OutsideSigner } from "../outside-custody";
import { SealedCustody } from "../sealed-custody";

const custody = new SealedCustody(createSealedBox(["of a signer in memory, thirty-two bytes"]));

interface HeldKey {
  key: NewKey;
  owner: string;
  madeAt: Date;
}

/** A signer outside, in memory: it can be away, hang, lose what it holds, and be another all at once. */
export class FakeSigner implements OutsideSigner {
  readonly name = "/run/signer.sock";
  id = randomId();
  readonly held = new Map<string, HeldKey>();
  /** How often each call was made. */
  readonly calls = { list: 0, generate: 0, sign: 0, discard: 0 };
  isAway = false;
  /** It has the calls and answers none. */
  isHanging = false;
  /** What it does to each signature. */
  distort = (signature: Uint8Array): Uint8Array => signature;

  constructor(
    private readonly clock: Clock,
    private readonly owner = "us",
  ) {}

  get kids(): string[] {
    return [...this.held.keys()];
  }

  /** Another signer at the same place. */
  replace(): void {
    this.id = randomId();
    this.held.clear();
  }

  /** What another Latchkey asks it for, with the same keys behind it. */
  for(owner: string): FakeSigner {
    const other = new FakeSigner(this.clock, owner);
    other.id = this.id;
    return Object.assign(other, { held: this.held });
  }

  async list(): Promise<Holdings> {
    await this.#answer("list");
    const ageSeconds = (madeAt: Date) => (this.clock.now().getTime() - madeAt.getTime()) / 1000;
    const keys = [...this.held.values()].map(({ key, owner, madeAt }) => ({
      kid: key.kid,
      isOurs: owner === this.owner,
      ageSeconds: ageSeconds(madeAt),
    }));
    return { id: this.id, keys };
  }

  async generate(algorithm: Algorithm) {
    await this.#answer("generate");
    const key = await custody.generate("access_token", algorithm);
    this.held.set(key.kid, { key, owner: this.owner, madeAt: this.clock.now() });
    return { id: this.id, kid: key.kid, publicJwk: key.publicJwk };
  }

  async sign(kid: string, data: Uint8Array): Promise<Uint8Array | null> {
    await this.#answer("sign");
    const held = this.held.get(kid);
    if (held === undefined) return null;
    const signer = await custody.open(held.key);
    return this.distort(await signer.sign(data));
  }

  async discard(kid: string): Promise<void> {
    await this.#answer("discard");
    this.held.delete(kid);
  }

  async #answer(call: keyof FakeSigner["calls"]): Promise<void> {
    this.calls[call] += 1;
    if (this.isHanging) await new Promise<never>(() => {});
    if (this.isAway) throw new Error("connect ECONNREFUSED");
  }
}
