import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSealedBox } from "../../../lib/crypto/sealed-box";
import { sealingContext } from "../../../lib/keys/signing-key";
import type { RunningSigner } from "./running-signer";

/** The ways in which the private part of an ES256 key could stand somewhere: what only the signing process can know. */
export async function privateForms({ keysFolder }: RunningSigner, kid: string): Promise<string[]> {
  const secret = (await readFile(join(keysFolder, "secret"), "utf8")).trim();
  const { sealedPrivateKey } = JSON.parse(await readFile(join(keysFolder, `${kid}.json`), "utf8"));
  const context = sealingContext({ kid, use: "access_token", algorithm: "ES256" });
  const pem = createSealedBox([secret]).open(Buffer.from(sealedPrivateKey, "base64url"), context);
  const [text = ""] = /(?<=-----\n)[^-]+/.exec(String(pem)) ?? [];
  // PKCS #8 of P-256 has the private number at this place (RFC 5915).
  const number = Buffer.from(text, "base64").subarray(36, 68);
  if (number.length !== 32) throw new Error("This is no private key of ES256.");
  const encodings = ["base64", "base64url", "hex", "latin1"] as const;
  return [text.split("\n")[0] ?? "", ...encodings.map((encoding) => number.toString(encoding))];
}
