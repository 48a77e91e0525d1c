import { expect, it } from "vitest";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import { issueAccessToken } from "./issue";
import { ownProfile } from "./profiles";
import { createTestKey, createTestVerifier, forge, ISSUER, NOW, NOW_SECONDS } from "./testing/test-issuer";
import { TokenVerifier } from "./token-verifier";

const own = await createTestKey("own");

function createVerifier(findKey?: (kid: string) => void) {
  const { rules, lookups } = createTestVerifier([own]);
  const clock = new HeldClock(NOW);
  const keyring = { version: 1 };
  const watched = async (kid: string) => {
    findKey?.(kid);
    return rules.findKey(kid);
  };
  return {
    verifier: new TokenVerifier({ ...rules, findKey: watched }, keyring, clock),
    keyring,
    clock,
    lookups,
  };
}

it("checks the signature of a token once, and hands on the same claims each time", async () => {
  const { verifier, lookups } = createVerifier();
  const token = forge(own);
  const first = await verifier.verify(token);
  const second = await verifier.verify(token);
  expect(first).toMatchObject({
    ok: true,
    claims: { sid: "c2Vzc2lvbi1pZC0xMjM0NQ", exp: NOW_SECONDS + 300 },
  });
  expect(second).toEqual(first);
  expect(lookups).toEqual(["own"]);
});

it("knows a token by its exact bytes alone", async () => {
  const { verifier } = createVerifier();
  const token = forge(own);
  await verifier.verify(token);
  for (const text of [`${token} `, token.slice(0, -1), `${token}=`, token.toLowerCase()]) {
    expect(await verifier.verify(text)).toMatchObject({ ok: false });
  }
});

it("checks the time at every use", async () => {
  const { verifier, clock, lookups } = createVerifier();
  const token = forge(own);
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  clock.advanceSeconds(309);
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  clock.advanceSeconds(1);
  expect(await verifier.verify(token)).toEqual({ ok: false, reason: "expired" });
  clock.advanceSeconds(-1000);
  expect(await verifier.verify(token)).toEqual({ ok: false, reason: "not_yet_valid" });
  expect(lookups).toEqual(["own"]);
});

it("remembers no refusal", async () => {
  const { verifier, clock, lookups } = createVerifier();
  const early = forge(own, { payload: { nbf: NOW_SECONDS + 60 } });
  expect(await verifier.verify(early)).toEqual({ ok: false, reason: "not_yet_valid" });
  clock.advanceSeconds(60);
  expect(await verifier.verify(early)).toMatchObject({ ok: true });
  expect(lookups).toEqual(["own", "own"]);
});

it("forgets everything when the keyring changes", async () => {
  const { verifier, keyring, lookups } = createVerifier();
  const token = forge(own);
  await verifier.verify(token);
  keyring.version += 1;
  await verifier.verify(token);
  await verifier.verify(token);
  expect(lookups).toEqual(["own", "own"]);
});

it("does not remember a token whose key was looked up before the keyring changed", async () => {
  const lookup = { during: () => {} };
  const { verifier, keyring, lookups } = createVerifier(() => lookup.during());
  const token = forge(own);
  lookup.during = () => {
    lookup.during = () => {};
    keyring.version += 1;
    // Another request comes meanwhile and finds the keyring changed.
    void verifier.verify("another");
  };
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  await verifier.verify(token);
  expect(lookups).toEqual(["own", "own"]);
});

it("refuses the remembered token of a key that the keyring no longer holds", async () => {
  const clock = new HeldClock(NOW);
  const keys = createTestKeys({ clock });
  await keys.open();
  const { store, keyring } = keys;
  const { rules } = createTestVerifier([], { findKey: (kid) => keyring.findVerificationKey(kid) });
  const verifier = new TokenVerifier(rules, keyring, clock);
  const subject = { userId: "u", role: "user", sessionId: "s", generation: 0, authenticatedAt: NOW } as const;
  const person = { ...subject, sessionExpiresAt: new Date(NOW.getTime() + 3_600_000) };
  const { accessToken } = await issueAccessToken(
    person,
    ISSUER,
    ownProfile("ES256", 600),
    keyring.signer,
    NOW,
  );
  expect(await verifier.verify(accessToken)).toMatchObject({ ok: true });

  store.setState(keyring.signer.kid, "revoked");
  await keyring.load();

  expect(await verifier.verify(accessToken)).toEqual({ ok: false, reason: "unknown_key" });
});

it("goes by the time when it is done: to find a key may take a while", async () => {
  const lookup = { during: () => {} };
  const { verifier, clock } = createVerifier(() => lookup.during());
  lookup.during = () => clock.advanceSeconds(310);
  expect(await verifier.verify(forge(own))).toEqual({ ok: false, reason: "expired" });
});
