import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm } from "./algorithms";
import { generateActiveKey } from "./generate-key";
import { sealingContext } from "./signing-key";

const NOW = new Date("2026-11-24T12:00:00Z");
const box = createSealedBox(["s".repeat(32)]);

describe.each(Object.keys(ALGORITHMS) as Algorithm[])("a new %s key", async (algorithm) => {
  const record = await generateActiveKey("access_token", algorithm, box, NOW);
  const publicKey = createPublicKey({ key: { ...record.publicJwk }, format: "jwk" });

  it("is active from now on and named by its thumbprint", async () => {
    const { kid, state, use, createdAt, activatedAt } = record;
    expect({ state, use, createdAt, activatedAt }).toEqual({
      state: "active",
      use: "access_token",
      createdAt: NOW,
      activatedAt: NOW,
    });
    expect(record.algorithm).toBe(algorithm);
    expect(kid).toBe(await calculateJwkThumbprint(record.publicJwk));
  });

  it("has the type and strength of the table", () => {
    const entry = ALGORITHMS[algorithm];
    const expected = {
      EC: { type: "ec", details: { namedCurve: "prime256v1" } },
      RSA: { type: "rsa", details: { modulusLength: 3072, publicExponent: 65_537n } },
      OKP: { type: "ed25519", details: {} },
    }[entry.kty];
    expect(publicKey.asymmetricKeyType).toBe(expected.type);
    expect(publicKey.asymmetricKeyDetails).toMatchObject(expected.details);
    expect(record.publicJwk.kty).toBe(entry.kty);
  });

  it("keeps its private part only sealed, and that is the partner of its public part", () => {
    expect(record.publicJwk).not.toHaveProperty("d");
    const sealed = record.sealedPrivateKey ?? new Uint8Array();
    expect(Buffer.from(sealed).toString("latin1")).not.toContain("PRIVATE KEY");
    const privateKey = createPrivateKey(box.open(sealed, sealingContext(record)).toString());
    const digest = algorithm === "EdDSA" ? null : "sha256";
    const signature = sign(digest, Buffer.from("text"), privateKey);
    expect(verify(digest, Buffer.from("text"), publicKey, signature)).toBe(true);
  });
});

it("never makes the same key twice", async () => {
  const made = await Promise.all([1, 2, 3].map(() => generateActiveKey("access_token", "ES256", box, NOW)));
  expect(new Set(made.map(({ kid }) => kid)).size).toBe(3);
});
