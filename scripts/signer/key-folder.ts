import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import pLimit from "p-limit";
import { z } from "zod";
import { createSealedBox } from "../../lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm } from "../../lib/keys/algorithms";
import type { NewKey, Signer } from "../../lib/keys/custody";
import { SealedCustody } from "../../lib/keys/sealed-custody";
import { ensureAppSecret } from "../app-secret";
import { removeIfThere } from "../data-folder";

/** RFC 7638 with SHA-256; also all that a file may be called. */
export const KID = /^[A-Za-z0-9_-]{43}$/;

const USE = "access_token";

const keyFile = z.object({
  kid: z.string().regex(KID),
  algorithm: z.enum(Object.keys(ALGORITHMS) as Algorithm[]),
  owner: z.string(),
  createdAt: z.iso.datetime(),
  publicJwk: z.looseObject({ kty: z.string() }),
  custody: z.string(),
  sealedPrivateKey: z.base64url(),
});

type KeyFile = z.infer<typeof keyFile>;

export interface HeldKey {
  kid: string;
  /** Which Latchkey asked for it. */
  owner: string;
  createdAt: Date;
}

interface OpenKey extends HeldKey {
  signer: Signer;
}

/** A key that could not be opened, by the name of its file, and why. */
export interface UnusableKey {
  file: string;
  why: string;
}

/**
 * The private keys of a signer: a file each, sealed under a secret that is kept beside them, and open in memory.
 * The caller holds the folder's lock.
 */
export class KeyFolder {
  readonly #keys = new Map<string, OpenKey>();
  readonly #custody: SealedCustody;
  /** Of the secret, without which there are no keys: what a signer is called. */
  readonly id: string;
  /** A key that is made must not hold up all that are signed with. */
  readonly #oneAtATime = pLimit(1);

  private constructor(private readonly folder: string) {
    const secret = readFileSync(ensureAppSecret(folder, "secret"), "utf8").trim();
    const box = createSealedBox([secret]);
    this.id = box.sealsUnder;
    this.#custody = new SealedCustody(box);
  }

  /** Opens every key. One that cannot be opened is left as it is. */
  static async open(folder: string): Promise<{ keys: KeyFolder; unusable: UnusableKey[] }> {
    const keys = new KeyFolder(folder);
    const unusable: UnusableKey[] = [];
    for (const file of readdirSync(folder)) {
      if (file.endsWith(".json.new")) removeIfThere(join(folder, file));
      if (!file.endsWith(".json")) continue;
      await keys.#load(file).catch((error) => unusable.push({ file, why: reasonOf(error) }));
    }
    return { keys, unusable };
  }

  list(): HeldKey[] {
    return [...this.#keys.values()].map(({ kid, owner, createdAt }) => ({ kid, owner, createdAt }));
  }

  find(kid: string): Signer | null {
    return this.#keys.get(kid)?.signer ?? null;
  }

  /** Makes a key. It is on the disk when this resolves. */
  generate(algorithm: Algorithm, owner: string): Promise<Pick<NewKey, "kid" | "publicJwk">> {
    return this.#oneAtATime(async () => {
      const key = await this.#custody.generate(USE, algorithm);
      const { kid, publicJwk, custody, sealedPrivateKey } = key;
      const createdAt = new Date();
      const file: KeyFile = {
        ...{ kid, algorithm, owner, custody },
        createdAt: createdAt.toISOString(),
        publicJwk: publicJwk as KeyFile["publicJwk"],
        sealedPrivateKey: Buffer.from(sealedPrivateKey ?? []).toString("base64url"),
      };
      writeDurably(this.folder, `${kid}.json`, JSON.stringify(file, null, 2));
      this.#keys.set(kid, { kid, owner, createdAt, signer: await this.#custody.open(key) });
      return { kid, publicJwk };
    });
  }

  /** Forgets a key, if it is there: also one that could not be opened. */
  discard(kid: string): void {
    removeIfThere(join(this.folder, `${kid}.json`));
    this.#keys.delete(kid);
    syncFolder(this.folder);
  }

  async #load(file: string): Promise<void> {
    const { owner, createdAt, ...stored } = keyFile.parse(
      JSON.parse(readFileSync(join(this.folder, file), "utf8")),
    );
    const sealedPrivateKey = new Uint8Array(Buffer.from(stored.sealedPrivateKey, "base64url"));
    const key = { ...stored, use: USE, publicJwk: stored.publicJwk, sealedPrivateKey } as const;
    if (file !== `${key.kid}.json`) throw new Error("it holds a key of another name");
    const signer = await this.#custody.open(key);
    this.#keys.set(key.kid, { kid: key.kid, owner, createdAt: new Date(createdAt), signer });
  }
}

/** Without what the file holds. */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return "it is not a key";
  return error instanceof Error ? error.message : String(error);
}

/** Under another name until it is complete: a death in between leaves no half-written file. */
function writeDurably(folder: string, name: string, text: string): void {
  const unfinished = join(folder, `${name}.new`);
  const file = openSync(unfinished, "w", 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, join(folder, name));
  syncFolder(folder);
}

/** So that a name that came or went is still so after a power failure. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
