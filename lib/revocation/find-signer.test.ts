import { expect, it } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { secretUse } from "@/lib/keys/signing-key";
import { addSecret } from "@/lib/keys/testing/add-secret";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { findSigner } from "./find-signer";
import { revokeKey } from "./revoke-key";
import { strictDenylist } from "./testing/denylists";

/** Two processes on one database, both with the same keys. */
async function startTwo() {
  const clock = new HeldClock(new Date("2026-11-24T12:00:00Z"));
  const denials = new InMemoryDenialStore();
  const here = createTestKeys({ clock });
  await here.open();
  const elsewhere = createTestKeys({ clock, store: here.store });
  await elsewhere.open();
  const denylist = strictDenylist(denials, clock);
  const revokeElsewhere = (kid: string) =>
    revokeKey(
      {
        ...elsewhere,
        denylist: strictDenylist(denials, clock),
        atomically: (work) => here.store.atomically((stores) => work({ ...stores, denials })),
      },
      kid,
      "leaked",
      COMMAND_LINE,
    );
  return { store: here.store, here, keyring: here.keyring, denials, denylist, revokeElsewhere };
}

it("is the key that signs, and costs no read of the keys", async () => {
  const { store, keyring, denylist } = await startTwo();
  const before = store.reads;
  expect(await findSigner(keyring, denylist)).toBe(keyring.signer);
  expect(store.reads).toBe(before);
});

it("is never a key that was revoked elsewhere, however long ago the keys were read here", async () => {
  const { store, keyring, denylist, revokeElsewhere } = await startTwo();
  const { kid } = keyring.signer;
  const standby = store.rows.find(({ state }) => state === "staged")?.kid;
  await revokeElsewhere(kid);
  expect(keyring.signer.kid, "not read since").toBe(kid);
  expect((await findSigner(keyring, denylist)).kid).toBe(standby);
});

it("for an audience is none that was revoked elsewhere either", async () => {
  const { store, here, keyring, denylist, revokeElsewhere } = await startTwo();
  const first = await addSecret(here, "billing");
  const second = await addSecret(here, "billing");
  const find = () => keyring.findSignerFor(secretUse("billing"), "HS256");
  const before = store.reads;
  expect((await findSigner(keyring, denylist, find)).kid).toBe(first.kid);
  expect(store.reads).toBe(before);
  await revokeElsewhere(first.kid);
  expect((await find()).kid, "not read since").toBe(first.kid);
  expect((await findSigner(keyring, denylist, find)).kid).toBe(second.kid);
});

it("is none while nobody knows whether it is revoked", async () => {
  const { keyring, denylist, denials } = await startTwo();
  denials.covers = async () => {
    throw new Error("The denylist is down.");
  };
  await expect(findSigner(keyring, denylist)).rejects.toThrow("down");
});
