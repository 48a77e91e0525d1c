import { PasswordHasher } from "../password-hasher";

/** A hasher during whose work something else happens, once: hashing takes long enough for that. */
export class InterruptedHasher extends PasswordHasher {
  #meanwhile: (() => Promise<unknown>) | null;

  constructor(meanwhile: () => Promise<unknown>) {
    super();
    this.#meanwhile = meanwhile;
  }

  override async hash(password: string): Promise<string> {
    const result = await super.hash(password);
    await this.#interrupt();
    return result;
  }

  override async verify(password: string, passwordHash: string | null): Promise<boolean> {
    const result = await super.verify(password, passwordHash);
    await this.#interrupt();
    return result;
  }

  async #interrupt(): Promise<void> {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = null;
    await meanwhile?.();
  }
}
