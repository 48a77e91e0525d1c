import { describe, expect, it, vi } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { FetchRefusedError } from "@/lib/outbound/fetch-refused-error";
import { isRecipientKeyUnavailable, RecipientKeys } from "./recipient-keys";

const JWKS_URI = "https://billing.example.com/jwks.json";
const MINUTE = 60;

const { x = "", y = "" } = newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({
  format: "jwk",
});
const JWK = { kty: "EC", crv: "P-256", x, y } as const;
const setOf = (kid: string) => ({ keys: [{ ...JWK, kid }] });
const DOWN = new FetchRefusedError("billing.example.com could not be asked: ECONNREFUSED.");

const audience = (jwksUri: string) => ({ identifier: "billing", encryptionKey: null, jwksUri });
const BILLING = audience(JWKS_URI);

/** Keys, and the service that publishes them. */
function scene() {
  const clock = new HeldClock(new Date("2026-01-01T00:00:00Z"));
  const asked: string[] = [];
  const service = { answer: async (): Promise<unknown> => setOf("first") };
  const fetchJson = (url: string) => {
    asked.push(url);
    return service.answer();
  };
  const keys = new RecipientKeys({ fetchJson, clock });
  /** The kid, or why there is none. */
  const find = (of = BILLING) =>
    keys.find(of).then(
      ({ kid }) => kid,
      (error) => {
        if (isRecipientKeyUnavailable(error)) return error.message;
        throw error;
      },
    );
  const goDown = () => {
    service.answer = () => Promise.reject(DOWN);
  };
  const publish = (jwks: unknown) => {
    service.answer = async () => jwks;
  };
  return { clock, asked, service, keys, find, goDown, publish };
}

describe("an uploaded key", () => {
  it("is the audience's, and nobody is asked", async () => {
    const { keys, asked } = scene();
    const encryptionKey = { kid: "uploaded", jwk: JWK };
    expect(await keys.find({ identifier: "billing", encryptionKey, jwksUri: null })).toEqual(encryptionKey);
    expect(asked).toEqual([]);
  });

  it("is missed where there is neither a key nor an address", async () => {
    const { keys } = scene();
    const found = keys.find({ identifier: "billing", encryptionKey: null, jwksUri: null });
    await expect(found).rejects.toThrow(/billing/);
    await expect(found.catch(isRecipientKeyUnavailable)).resolves.toBe(false);
  });
});

describe("a published key", () => {
  it("is kept for five minutes", async () => {
    const { clock, asked, publish, find, keys } = scene();
    expect(await keys.find(BILLING)).toEqual({ kid: "first", jwk: JWK });
    publish(setOf("second"));
    clock.advanceSeconds(5 * MINUTE - 1);
    expect(await find()).toBe("first");
    expect(asked).toEqual([JWKS_URI]);
    clock.advanceSeconds(1);
    expect(await find()).toBe("second");
    expect(asked).toEqual([JWKS_URI, JWKS_URI]);
  });

  it("is not kept for ever by a clock that is set back", async () => {
    const { clock, publish, find } = scene();
    await find();
    publish(setOf("second"));
    clock.advanceSeconds(-5 * MINUTE);
    expect(await find()).toBe("second");
  });

  it("is asked for once by all who want it at the same time", async () => {
    const { clock, asked, find } = scene();
    expect(await Promise.all([find(), find(), find()])).toEqual(["first", "first", "first"]);
    clock.advanceSeconds(5 * MINUTE);
    await Promise.all([find(), find()]);
    expect(asked.length).toBe(2);
  });

  it("is of its address: two audiences share one, two addresses have their own", async () => {
    const { asked, publish, find } = scene();
    await find();
    await find({ ...BILLING, identifier: "invoices" });
    publish(setOf("other"));
    expect(await find(audience("https://other.example.com/"))).toBe("other");
    expect(await find()).toBe("first");
    expect(asked).toEqual([JWKS_URI, "https://other.example.com/"]);
  });

  it("is forgotten for the sake of a thousand others", async () => {
    const { asked, find } = scene();
    await find();
    for (let number = 0; number < 1_000; number += 1) await find(audience(`https://${number}.example.com/`));
    await find();
    expect(asked.filter((url) => url === JWKS_URI).length).toBe(2);
  });
});

describe("while a service cannot be asked", () => {
  it("its last key is used for an hour", async () => {
    const { clock, find, goDown } = scene();
    await find();
    goDown();
    clock.advanceSeconds(60 * MINUTE - 1);
    expect(await find()).toBe("first");
    clock.advanceSeconds(1);
    expect(await find()).toBe(`Nothing can be encrypted to billing: ${DOWN.message}`);
  });

  it("it is left alone for ten seconds", async () => {
    const { clock, asked, find, goDown, publish } = scene();
    goDown();
    expect(await Promise.all([find(), find()])).toEqual(Array(2).fill(expect.stringContaining(DOWN.message)));
    publish(setOf("back"));
    clock.advanceSeconds(9);
    expect(await find()).toContain(DOWN.message);
    expect(asked.length).toBe(1);
    clock.advanceSeconds(1);
    expect(await find()).toBe("back");
    expect(asked.length).toBe(2);
  });

  it("it is left alone as well while its last key is used", async () => {
    const { clock, asked, find, goDown } = scene();
    await find();
    goDown();
    clock.advanceSeconds(5 * MINUTE);
    await find();
    clock.advanceSeconds(9);
    expect(await find()).toBe("first");
    expect(asked.length).toBe(2);
    clock.advanceSeconds(1);
    await find();
    expect(asked.length).toBe(3);
  });

  it("is waited for by the first, and not by those soon after, as long as its last key is good", async () => {
    const { clock, find, service, goDown } = scene();
    await find();
    goDown();
    clock.advanceSeconds(5 * MINUTE);
    await find();
    let answer = (_jwks: unknown) => {};
    service.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    clock.advanceSeconds(10);
    expect(await Promise.all([find(), find()])).toEqual(["first", "first"]);
    clock.advanceSeconds(55 * MINUTE);
    const waiting = find();
    answer(setOf("second"));
    expect(await waiting).toBe("second");
  });

  it("is waited for again once its last failure is half a minute ago: it may have taken a key back since", async () => {
    const { clock, find, goDown, publish } = scene();
    await find();
    goDown();
    clock.advanceSeconds(5 * MINUTE);
    await find();
    publish(setOf("second"));
    clock.advanceSeconds(30);
    expect(await find()).toBe("second");
  });

  it("what it says behind the back of a caller is used by the next, and a fault is nobody's", async () => {
    const { clock, find, service, goDown, publish } = scene();
    await find();
    goDown();
    clock.advanceSeconds(5 * MINUTE);
    await find();
    clock.advanceSeconds(10);
    service.answer = () => Promise.reject(new TypeError("a bug"));
    expect(await find()).toBe("first");
    publish(setOf("second"));
    await vi.waitFor(async () => expect(await find()).toBe("second"));
  });

  it("it is not left alone for ever by a clock that is set back", async () => {
    const { clock, find, goDown, publish } = scene();
    goDown();
    await find();
    publish(setOf("back"));
    clock.advanceSeconds(-60 * MINUTE);
    expect(await find()).toBe("back");
  });

  it("another fault is the caller's to hear, and the next asks again", async () => {
    const { find, service, publish } = scene();
    service.answer = () => Promise.reject(new TypeError("a bug"));
    await expect(find()).rejects.toThrow(TypeError);
    publish(setOf("back"));
    expect(await find()).toBe("back");
  });
});

describe("a set without a usable key", () => {
  const { d = "" } = newKeyPair("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

  it.each([
    ["empty", { keys: [] }, /No key of this set/],
    ["none", {}, /not a JWK Set/],
    ["private", { keys: [{ ...JWK, d }] }, /A private key is published/],
  ])("takes the last key back: %s", async (_kind, jwks, sentence) => {
    const { clock, asked, find, publish } = scene();
    await find();
    publish(jwks);
    clock.advanceSeconds(5 * MINUTE);
    const outcome = await find();
    expect(outcome).toMatch(sentence);
    expect(outcome).not.toContain(d);
    await find();
    expect(asked.length).toBe(2);
    publish(setOf("second"));
    clock.advanceSeconds(10);
    expect(await find()).toBe("second");
  });
});

describe("an address that an administrator has just typed", () => {
  const outcomeOf = (checked: Promise<void>) =>
    checked.then(
      () => null,
      ({ code, fields }) => ({ code, fields }),
    );

  it("is asked at once, also within the cool-down, and its key is kept", async () => {
    const { asked, keys, find, goDown, publish } = scene();
    goDown();
    const fields = { jwksUri: DOWN.message };
    expect(await outcomeOf(keys.check(JWKS_URI))).toEqual({ code: "invalid_request", fields });
    publish(setOf("first"));
    expect(await outcomeOf(keys.check(JWKS_URI))).toBeNull();
    expect(await find()).toBe("first");
    expect(asked.length).toBe(2);
  });

  it("is refused where no key can be taken from what is there", async () => {
    const { keys, publish } = scene();
    publish({ keys: [] });
    expect(await outcomeOf(keys.check(JWKS_URI))).toMatchObject({
      fields: { jwksUri: expect.stringMatching(/No key of this set/) },
    });
  });

  it("does not take a good key from who uses it while it cannot be asked", async () => {
    const { keys, find, goDown } = scene();
    await find();
    goDown();
    expect(await outcomeOf(keys.check(JWKS_URI))).toMatchObject({ code: "invalid_request" });
    expect(await find()).toBe("first");
  });
});
