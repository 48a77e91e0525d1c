import { expect, it } from "vitest";
import { addSecret } from "@/lib/keys/testing/add-secret";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import { settingsFault } from "./settings-fault";

const OTHER_SECRET = "another secret, thirty-two bytes long";

/** The keys of an instance that serves, with the secret of an audience among them, as others read them. */
async function startInstance() {
  const clock = new HeldClock(new Date("2026-11-24T12:00:00Z"));
  const { store, open, ...keys } = createTestKeys({ clock });
  await open();
  await addSecret(keys, "billing");
  return async (settings: Partial<Parameters<typeof createTestKeys>[0]>) => {
    const { keyring } = createTestKeys({ clock, store, ...settings });
    await keyring.load();
    return settingsFault(keyring);
  };
}

it("is none where the settings are those of the instances", async () => {
  const faultWith = await startInstance();
  expect(await faultWith({})).toBeNull();
});

it("is another algorithm, though there are secrets of audiences of it", async () => {
  const faultWith = await startInstance();
  const expected = expect.stringContaining("SESSION_ALGORITHM is HS256 here, and every key is for ES256");
  expect(await faultWith({ algorithm: "HS256" })).toEqual(expected);
});

it("is another secret, though an audience has one that can be opened here", async () => {
  const faultWith = await startInstance();
  expect(await faultWith({ secrets: [OTHER_SECRET] })).toContain("cannot be opened");
});
