import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasCode } from "@/lib/errors/latchkey-error";
import { sessionEnding } from "@/lib/sessions/end-sessions";
import { PasswordHasher } from "./password-hasher";
import { signIn } from "./sign-in";
import {
  clientAt,
  errorOf,
  HOME,
  OTHER_PASSWORD,
  openHouse,
  PASSWORD,
  type TestHouse,
} from "./testing/test-house";

/** The limits count in real time, and no window passes during a test. */
let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const EMAIL = "ada@example.com";

/** Knows the one right password without the work of a hash: this is about how often, not how long. */
class QuickHasher extends PasswordHasher {
  override async verify(password: string, passwordHash: string | null): Promise<boolean> {
    return passwordHash !== null && password === PASSWORD;
  }
}

const attempt = (ip: string, password: string, email = EMAIL) =>
  signIn({ ...house.identity, hasher: new QuickHasher() }, { email, password }, clientAt(ip), null);

/** The code of each refusal, in order. */
async function codesOf(count: number, make: (index: number) => Promise<unknown>): Promise<unknown[]> {
  const codes: unknown[] = [];
  for (let index = 0; index < count; index += 1)
    codes.push(((await errorOf(make(index))) as { code: unknown }).code);
  return codes;
}
const all = (code: string, count: number) => Array.from({ length: count }, () => code);

/** A hundred wrong guesses at one account, a few from each of many addresses. */
const guessFromEverywhere = () =>
  codesOf(100, (index) => attempt(`198.51.100.${Math.floor(index / 5)}`, OTHER_PASSWORD));

describe("one address against one account", () => {
  it("has ten guesses; the eleventh is refused even with the right password", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    expect(await codesOf(10, () => attempt(HOME.ip, OTHER_PASSWORD))).toEqual(all("invalid_credentials", 10));
    const refusal = await errorOf(attempt(HOME.ip, PASSWORD));
    expect(hasCode(refusal, "rate_limited")).toBe(true);
    const { retryAfterSeconds } = refusal as { retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeGreaterThan(0);
    expect(retryAfterSeconds).toBeLessThanOrEqual(900);
    expect(await house.events("sign_in.limited")).toEqual([
      expect.objectContaining({ user_id: ada.id, ip: HOME.ip }),
    ]);
  });

  it("does not stand in the way of another address, or of another account", async () => {
    await house.addPerson({ email: EMAIL });
    await house.addPerson({ email: "bob@example.com" });
    await codesOf(11, () => attempt(HOME.ip, OTHER_PASSWORD));
    await expect(attempt("192.0.2.11", PASSWORD)).resolves.toBeDefined();
    await expect(attempt(HOME.ip, PASSWORD, "bob@example.com")).resolves.toBeDefined();
  });

  it("begins again after the right password", async () => {
    await house.addPerson({ email: EMAIL });
    for (let round = 0; round < 3; round += 1) {
      expect(await codesOf(6, () => attempt(HOME.ip, OTHER_PASSWORD))).toEqual(all("invalid_credentials", 6));
      await attempt(HOME.ip, PASSWORD);
    }
  });

  it("is the same for an account that does not exist", async () => {
    expect(await codesOf(11, () => attempt(HOME.ip, PASSWORD, "nobody@example.com"))).toEqual([
      ...all("invalid_credentials", 10),
      "rate_limited",
    ]);
  });

  it("counts the addresses of one IPv6 subscriber as one", async () => {
    await house.addPerson({ email: EMAIL });
    const codes = await codesOf(11, (index) => attempt(`2001:db8:1:1::${index + 1}`, OTHER_PASSWORD));
    expect(codes).toEqual([...all("invalid_credentials", 10), "rate_limited"]);
    await expect(attempt("2001:db8:1:2::1", PASSWORD)).resolves.toBeDefined();
  });
});

describe("many addresses against one account", () => {
  it("have a hundred guesses together; then strangers are refused, and the owner is not", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    await attempt(HOME.ip, PASSWORD);
    expect(await guessFromEverywhere()).toEqual(all("invalid_credentials", 100));

    expect(hasCode(await errorOf(attempt("203.0.113.1", PASSWORD)), "rate_limited")).toBe(true);
    expect(hasCode(await errorOf(attempt(HOME.ip, OTHER_PASSWORD)), "invalid_credentials")).toBe(true);
    const credentials = await attempt(HOME.ip, PASSWORD);
    expect(credentials.user.id).toBe(ada.id);
  });

  it("do not lock the owner out of an IPv6 network, where every device has many addresses", async () => {
    await house.addPerson({ email: EMAIL });
    await attempt("2001:db8:1:1::aaaa", PASSWORD);
    await guessFromEverywhere();
    await expect(attempt("2001:db8:1:1::bbbb", PASSWORD)).resolves.toBeDefined();
  });

  it("are refused likewise at an account that does not exist", async () => {
    const codes = await codesOf(101, (index) =>
      attempt(`198.51.100.${Math.floor(index / 5)}`, PASSWORD, "nobody@example.com"),
    );
    expect(codes).toEqual([...all("invalid_credentials", 100), "rate_limited"]);
  });
});

describe("one address against many accounts", () => {
  it("has a hundred attempts", async () => {
    const codes = await codesOf(101, (index) => attempt(HOME.ip, PASSWORD, `person${index}@example.com`));
    expect(codes).toEqual([...all("invalid_credentials", 100), "rate_limited"]);
  });
});

it("counts in the database, so that another process sees it", async () => {
  await house.addPerson({ email: EMAIL });
  await codesOf(10, () => attempt(HOME.ip, OTHER_PASSWORD));
  const counted = await house.query<{ key: string; points: number }>("SELECT key, points FROM rate_limits");
  expect(counted.map(({ points }) => points)).toEqual([10, 10, 10]);
  for (const { key } of counted) expect(key).not.toMatch(/192\.0\.2|ada/);
});

describe("a browser that the account has a session in", () => {
  const signInFrom = (sessionId: string, password: string) =>
    signIn(
      { ...house.identity, hasher: new QuickHasher() },
      { email: EMAIL, password },
      clientAt(HOME.ip),
      sessionId,
    );

  it("is not refused for what strangers guess at its own address", async () => {
    await house.addPerson({ email: EMAIL });
    const { session } = await attempt(HOME.ip, PASSWORD);
    await codesOf(11, () => attempt(HOME.ip, OTHER_PASSWORD));
    await expect(signInFrom(session.id, PASSWORD)).resolves.toBeDefined();
  });

  it("has ten guesses of its own", async () => {
    await house.addPerson({ email: EMAIL });
    const { session } = await attempt(HOME.ip, PASSWORD);
    expect(await codesOf(10, () => signInFrom(session.id, OTHER_PASSWORD))).toEqual(
      all("invalid_credentials", 10),
    );
    expect(hasCode(await errorOf(signInFrom(session.id, PASSWORD)), "rate_limited")).toBe(true);
    // They do not count against others at the address.
    await expect(attempt(HOME.ip, PASSWORD)).resolves.toBeDefined();
  });

  it("is anybody's once that session has ended", async () => {
    await house.addPerson({ email: EMAIL });
    const { session } = await attempt(HOME.ip, PASSWORD);
    await house.identity.sessions.end(
      { kind: "ids", ids: [session.id], ownedBy: null },
      sessionEnding(house.identity.sessionDependencies, "revoked_by_admin", {
        actorId: null,
        client: null,
        details: {},
      }),
    );
    await codesOf(10, () => attempt(HOME.ip, OTHER_PASSWORD));
    expect(hasCode(await errorOf(signInFrom(session.id, PASSWORD)), "rate_limited")).toBe(true);
  });

  it("is anybody's to the account of another", async () => {
    await house.addPerson({ email: EMAIL });
    await house.addPerson({ email: "bob@example.com" });
    const { session } = await attempt(HOME.ip, PASSWORD, "bob@example.com");
    await codesOf(10, () => signInFrom(session.id, OTHER_PASSWORD));
    expect(hasCode(await errorOf(signInFrom(session.id, PASSWORD)), "rate_limited")).toBe(true);
  });
});
