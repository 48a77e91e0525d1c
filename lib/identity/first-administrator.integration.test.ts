import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { SettingError } from "@/lib/config/setting-error";
import { readSettings } from "@/lib/config/settings";
import { createAdministrator, setUpFirstAdministrator } from "./create-user";
import { prepareFirstAdministrator } from "./first-administrator";
import { signIn } from "./sign-in";
import {
  clientAt,
  errorOf,
  HOME,
  LET_IN,
  openHouse,
  PASSWORD,
  raceOf,
  type TestHouse,
} from "./testing/test-house";

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const EMAIL = "ada@example.com";
const LINK = /https:\/\/login\.example\.com\/setup\?token=([A-Za-z0-9_-]{43})$/;

async function setupToken(): Promise<string> {
  return LINK.exec((await prepareFirstAdministrator(house.identity, null)) ?? "")?.[1] ?? "no link";
}
const setUp = (token: string, email = EMAIL, client = HOME) =>
  setUpFirstAdministrator(house.identity, token, { email, password: PASSWORD }, client);

describe("the set-up link", () => {
  it("creates the first administrator and signs them in", async () => {
    const credentials = await setUp(await setupToken());
    expect(credentials.user).toMatchObject({ email: EMAIL, role: "admin", status: "active" });
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
  });

  it("is not made when people exist", async () => {
    await house.addPerson();
    expect(await prepareFirstAdministrator(house.identity, null)).toBeNull();
  });

  it("works once", async () => {
    const token = await setupToken();
    await setUp(token);
    expect(await errorOf(setUp(token, "eve@example.com"))).toMatchObject({ code: "invalid_link" });
    expect(await house.query("SELECT id FROM users")).toHaveLength(1);
  });

  it("works once also for many at the same time", async () => {
    const token = await setupToken();
    // All of them are past the work of hashing before any has written.
    const passwordHash = await house.identity.hasher.hash(PASSWORD);
    vi.spyOn(house.identity.hasher, "hash").mockResolvedValue(passwordHash);
    const attempts = Array.from({ length: 10 }, (_, index) => setUp(token, `p${index}@example.com`));
    const { succeeded, refusals } = await raceOf(attempts);
    expect(succeeded).toHaveLength(1);
    expect(refusals).toEqual(Array.from({ length: 9 }, () => "invalid_link"));
    expect(await house.query("SELECT id FROM users")).toHaveLength(1);
  });

  it("of a later start replaces the one of an earlier start", async () => {
    const earlier = await setupToken();
    const later = await setupToken();
    expect(await errorOf(setUp(earlier))).toMatchObject({ code: "invalid_link" });
    await expect(setUp(later)).resolves.toBeDefined();
  });

  it("of two processes that start at once, leaves one administrator and no link that works", async () => {
    const tokens = await Promise.all([setupToken(), setupToken()]);
    const attempts = tokens.map((token, index) => setUp(token, `p${index}@example.com`));
    expect((await raceOf(attempts)).succeeded).toHaveLength(1);
    for (const token of tokens) {
      expect(await errorOf(setUp(token, "eve@example.com"))).toMatchObject({ code: "invalid_link" });
    }
    expect(await house.query("SELECT id FROM users")).toHaveLength(1);
  });

  it("works for a day", async () => {
    const token = await setupToken();
    house.clock.advanceSeconds(86_400);
    expect(await errorOf(setUp(token))).toMatchObject({ code: "invalid_link" });
    const another = await setupToken();
    house.clock.advanceSeconds(86_399);
    await expect(setUp(another)).resolves.toBeDefined();
  });

  it("still works after a password that may not be chosen", async () => {
    const token = await setupToken();
    const refused = setUpFirstAdministrator(house.identity, token, { email: EMAIL, password: "short" }, HOME);
    expect(await errorOf(refused)).toMatchObject({
      code: "invalid_request",
      fields: { password: expect.any(String) },
    });
    await expect(setUp(token)).resolves.toBeDefined();
  });

  it("is useless once the command line has created somebody", async () => {
    const token = await setupToken();
    await createAdministrator(house.identity, { email: "cli@example.com", password: PASSWORD }, COMMAND_LINE);
    expect(await errorOf(setUp(token))).toMatchObject({ code: "invalid_link" });
  });

  it("cannot be guessed more than thirty times from one address", async () => {
    for (let index = 0; index < 30; index += 1) await errorOf(setUp(`guess ${index}`));
    expect(await errorOf(setUp(await setupToken()))).toMatchObject({ code: "rate_limited" });
    await expect(setUp(await setupToken(), EMAIL, clientAt("192.0.2.99"))).resolves.toBeDefined();
  });
});

describe("the administrator that the settings name", () => {
  const bootstrapOf = (email: string, password = PASSWORD) =>
    readSettings({ BOOTSTRAP_ADMIN_EMAIL: email, BOOTSTRAP_ADMIN_PASSWORD: password }).bootstrapAdmin;
  const signInAs = (email: string) => signIn(house.identity, { email, password: PASSWORD }, HOME, null);

  it("is created, without a link and without the password in the notice", async () => {
    const notice = await prepareFirstAdministrator(house.identity, bootstrapOf(EMAIL));
    expect(notice).toBe(`The first administrator is ${EMAIL}.`);
    expect((await signInAs(EMAIL)).user).toMatchObject({ role: "admin" });
    expect(await house.query("SELECT id FROM one_time_links")).toEqual([]);
  });

  it("signs in with the address in its one form, however the setting writes it", async () => {
    await prepareFirstAdministrator(house.identity, bootstrapOf("Ada@Example.com"));
    expect((await signInAs(EMAIL)).user).toMatchObject({ email: EMAIL, role: "admin" });
  });

  it("is created once, by whichever process comes first, and never again", async () => {
    const bootstrap = bootstrapOf(EMAIL);
    const prepare = () => prepareFirstAdministrator(house.identity, bootstrap);
    const notices = await Promise.all([prepare(), prepare(), prepare()]);
    expect(notices.filter((notice) => notice !== null)).toHaveLength(1);
    expect(await prepareFirstAdministrator(house.identity, bootstrapOf("eve@example.com"))).toBeNull();
    expect(await house.query("SELECT email FROM users")).toEqual([{ email: EMAIL }]);
  });

  it("is not created with a password that nobody may choose: one line says so, without it", async () => {
    const refusal = await errorOf(
      prepareFirstAdministrator(house.identity, bootstrapOf(EMAIL, "password1234567")),
    );
    expect(refusal).toBeInstanceOf(SettingError);
    const { message } = refusal as SettingError;
    expect(message).toMatch(/^BOOTSTRAP_ADMIN_PASSWORD is not usable\./);
    expect(message).not.toMatch(/password1234567|\n/);
    expect(await house.query("SELECT id FROM users")).toEqual([]);
  });
});
