import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { redeemPasswordLink } from "./change-password";
import { changeUser } from "./change-user";
import { inviteUser, setUpFirstAdministrator } from "./create-user";
import { createLink, createPasswordLink, type IssuedLink } from "./one-time-links";
import { signIn } from "./sign-in";
import { InterruptedHasher } from "./testing/interrupted-hasher";
import {
  clientAt,
  errorOf,
  HOME,
  LET_IN,
  OTHER_PASSWORD,
  openHouse,
  PASSWORD,
  raceOf,
  SHUT_OUT,
  type TestHouse,
} from "./testing/test-house";

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const EMAIL = "ada@example.com";
const tokenOf = ({ url }: IssuedLink): string => new URL(url).searchParams.get("token") ?? "";
const redeem = (token: string, password = OTHER_PASSWORD, client = HOME) =>
  redeemPasswordLink(house.identity, token, password, client, null);
const resetLinkOf = (userId: string) => createPasswordLink(house.identity, userId, COMMAND_LINE);
const signInWith = (password: string) => signIn(house.identity, { email: EMAIL, password }, HOME, null);

describe("an invitation", () => {
  it("lets a new person choose a password, and signs them in", async () => {
    const input = { email: EMAIL, role: "admin", name: "Ada" } as const;
    const { user, link } = await inviteUser(house.identity, input, COMMAND_LINE);
    expect(user).toMatchObject({ ...input, status: "active", passwordHash: null });
    expect(link.url).toMatch(/^https:\/\/login\.example\.com\/signup\?token=[A-Za-z0-9_-]{43}$/);
    const credentials = await redeem(tokenOf(link));
    expect(credentials.user).toMatchObject({ id: user.id, role: "admin" });
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
    await expect(signInWith(OTHER_PASSWORD)).resolves.toBeDefined();
  });

  it("is not made for an address that is taken", async () => {
    await house.addPerson({ email: EMAIL });
    const refusal = await errorOf(
      inviteUser(house.identity, { email: EMAIL, role: "user", name: null }, COMMAND_LINE),
    );
    expect(refusal).toMatchObject({ code: "email_taken" });
    expect(await house.query("SELECT id FROM one_time_links")).toEqual([]);
  });

  it("is what a person without a password gets again, and a person with one gets a reset link", async () => {
    const invited = await house.addPerson({ password: null });
    const settled = await house.addPerson();
    expect((await resetLinkOf(invited.id)).url).toContain("/signup?token=");
    expect((await resetLinkOf(settled.id)).url).toContain("/reset-password?token=");
  });

  it("is for nobody who does not exist", async () => {
    expect(await errorOf(resetLinkOf("8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1"))).toMatchObject({
      code: "not_found",
    });
  });
});

describe("a reset link", () => {
  it("sets the password, ends every session they had, and signs them in", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const before = [await signInWith(PASSWORD), await signInWith(PASSWORD)];
    const credentials = await redeem(tokenOf(await resetLinkOf(ada.id)));
    for (const session of before) expect(await house.isLetIn(session)).toEqual(SHUT_OUT);
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
    expect(await errorOf(signInWith(PASSWORD))).toMatchObject({ code: "invalid_credentials" });
    await expect(signInWith(OTHER_PASSWORD)).resolves.toBeDefined();
  });

  it("ends the session that this browser had, whosever it was", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const bob = await house.addPerson({ email: "bob@example.com" });
    const bobs = await signIn(house.identity, { email: bob.email, password: PASSWORD }, HOME, null);
    const token = tokenOf(await resetLinkOf(ada.id));
    await redeemPasswordLink(house.identity, token, OTHER_PASSWORD, HOME, bobs.session.id);
    expect(await house.isLetIn(bobs)).toEqual(SHUT_OUT);
  });

  it("is kept as a hash, and its secret nowhere", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const token = tokenOf(await resetLinkOf(ada.id));
    const kept = await house.query<{ text: string }>(
      "SELECT l::text AS text FROM one_time_links l UNION ALL SELECT e::text FROM audit_events e",
    );
    expect(kept.length).toBeGreaterThan(1);
    for (const { text } of kept) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(Buffer.from(token, "base64url").toString("hex"));
    }
  });

  it("works once", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const token = tokenOf(await resetLinkOf(ada.id));
    await redeem(token);
    expect(await errorOf(redeem(token, PASSWORD))).toMatchObject({ code: "invalid_link" });
    expect(await errorOf(signInWith(PASSWORD))).toMatchObject({ code: "invalid_credentials" });
  });

  it("works once also for twenty at the same time", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const token = tokenOf(await resetLinkOf(ada.id));
    const attempts = Array.from({ length: 20 }, (_, index) => redeem(token, `${OTHER_PASSWORD} ${index}`));
    const { succeeded, refusals } = await raceOf(attempts);
    expect(succeeded).toHaveLength(1);
    expect(refusals).toEqual(Array.from({ length: 19 }, () => "invalid_link"));
    expect(await house.liveSessions(ada.id)).toEqual(succeeded.map(({ session }) => session.id));
    expect(await house.events("password.changed")).toHaveLength(1);
  });

  test.each([
    [3599, "works"],
    [3600, "invalid_link"],
    [86_400, "invalid_link"],
  ])("after %s s: %s", async (seconds, expected) => {
    const ada = await house.addPerson({ email: EMAIL });
    const link = await resetLinkOf(ada.id);
    expect(link.expiresAt).toEqual(new Date(house.clock.now().getTime() + 3_600_000));
    house.clock.advanceSeconds(seconds);
    const { succeeded, refusals } = await raceOf([redeem(tokenOf(link))]);
    expect(succeeded.length === 1 ? "works" : refusals[0]).toBe(expected);
  });

  it("still works after a password that may not be chosen", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const token = tokenOf(await resetLinkOf(ada.id));
    const before = await signInWith(PASSWORD);
    expect(await errorOf(redeem(token, "short"))).toMatchObject({
      code: "invalid_request",
      fields: { password: expect.any(String) },
    });
    expect(await house.isLetIn(before)).toEqual(LET_IN);
    await expect(redeem(token)).resolves.toBeDefined();
  });

  it("is useless once a newer one is made", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const older = await resetLinkOf(ada.id);
    const newer = await resetLinkOf(ada.id);
    expect(await errorOf(redeem(tokenOf(older)))).toMatchObject({ code: "invalid_link" });
    await expect(redeem(tokenOf(newer))).resolves.toBeDefined();
  });

  it("of many made at once, is only one that works", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    await Promise.all(Array.from({ length: 8 }, () => resetLinkOf(ada.id)));
    expect(await house.query("SELECT id FROM one_time_links WHERE consumed_at IS NULL")).toHaveLength(1);
  });

  it("says nothing of another person's link", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const bob = await house.addPerson();
    const link = await resetLinkOf(ada.id);
    await resetLinkOf(bob.id);
    expect((await redeem(tokenOf(link))).user.id).toBe(ada.id);
  });

  it("does nothing for a disabled account", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const link = await resetLinkOf(ada.id);
    await changeUser(house.identity, ada.id, { status: "disabled" }, COMMAND_LINE);
    expect(await errorOf(redeem(tokenOf(link)))).toMatchObject({ code: "invalid_link" });
    expect(await house.liveSessions(ada.id)).toEqual([]);
  });

  it("does nothing for an account that is disabled while the password is being hashed", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const link = await resetLinkOf(ada.id);
    const disable = () => changeUser(house.identity, ada.id, { status: "disabled" }, COMMAND_LINE);
    const deps = { ...house.identity, hasher: new InterruptedHasher(disable) };
    const redeemed = redeemPasswordLink(deps, tokenOf(link), OTHER_PASSWORD, HOME, null);
    expect(await errorOf(redeemed)).toMatchObject({ code: "invalid_link" });
    expect(await house.liveSessions(ada.id)).toEqual([]);
  });
});

describe("a link for something else", () => {
  it("to set up the first administrator resets no password", async () => {
    const link = await createLink(house.identity, "setup", null, COMMAND_LINE);
    expect(await errorOf(redeem(tokenOf(link)))).toMatchObject({ code: "invalid_link" });
  });

  test.each(["invitation", "password_reset"] as const)("for %s sets up no administrator", async (purpose) => {
    const ada = await house.addPerson();
    const token = tokenOf(await createLink(house.identity, purpose, ada, COMMAND_LINE));
    const input = { email: "eve@example.com", password: PASSWORD };
    const refusal = await errorOf(setUpFirstAdministrator(house.identity, token, input, HOME));
    expect(refusal).toMatchObject({ code: "invalid_link" });
    await expect(redeem(token)).resolves.toBeDefined();
  });
});

describe("a text that is no link", () => {
  test.each([
    ["empty", ""],
    ["random", "x".repeat(43)],
    ["long", "x".repeat(100_000)],
    ["NUL", "a\0b"],
    ["SQL", "' OR 1=1 --"],
  ])("%s", async (_name, token) => {
    expect(await errorOf(redeem(token))).toMatchObject({ code: "invalid_link" });
  });

  it("of the same characters in another case", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const token = tokenOf(await resetLinkOf(ada.id));
    const swapped = token.replace(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    for (const text of [swapped, `${token} `, `${token}=`, token.slice(0, -1)]) {
      expect(await errorOf(redeem(text))).toMatchObject({ code: "invalid_link" });
    }
  });

  it("can be tried thirty times from one address", async () => {
    for (let index = 0; index < 30; index += 1) {
      expect(await errorOf(redeem(`guess ${index}`))).toMatchObject({ code: "invalid_link" });
    }
    expect(await errorOf(redeem("guess"))).toMatchObject({ code: "rate_limited" });
    expect(await errorOf(redeem("guess", PASSWORD, clientAt("192.0.2.99")))).toMatchObject({
      code: "invalid_link",
    });
  });
});
