import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changePassword } from "./change-password";
import { signIn } from "./sign-in";
import {
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
import type { User } from "./user-store";

const EMAIL = "ada@example.com";
let house: TestHouse;
let ada: User;
beforeEach(async () => {
  house = await openHouse();
  ada = await house.addPerson({ email: EMAIL });
});
afterEach(() => house.close());

const change = (currentPassword: string, newPassword = OTHER_PASSWORD) =>
  changePassword(house.identity, ada.id, { currentPassword, newPassword }, HOME);
const signInWith = (password: string, email = EMAIL) =>
  signIn(house.identity, { email, password }, HOME, null);

describe("a change of one's password", () => {
  it("ends every session and starts one with another id", async () => {
    const before = [];
    for (let index = 0; index < 5; index += 1) before.push(await signInWith(PASSWORD));
    const credentials = await change(PASSWORD);
    for (const session of before) expect(await house.isLetIn(session)).toEqual(SHUT_OUT);
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
    expect(await house.liveSessions(ada.id)).toEqual([credentials.session.id]);
    expect(before.map(({ session }) => session.id)).not.toContain(credentials.session.id);
  });

  it("leaves everybody else's sessions alone", async () => {
    await house.addPerson({ email: "bob@example.com" });
    const bobs = await signInWith(PASSWORD, "bob@example.com");
    await change(PASSWORD);
    expect(await house.isLetIn(bobs)).toEqual(LET_IN);
  });

  it("makes the new password the only one", async () => {
    await change(PASSWORD);
    expect(await errorOf(signInWith(PASSWORD))).toMatchObject({ code: "invalid_credentials" });
    await expect(signInWith(OTHER_PASSWORD)).resolves.toBeDefined();
  });

  it("is recorded with who did it, and neither password", async () => {
    await signInWith(PASSWORD);
    await change(PASSWORD);
    const events = await house.events();
    expect(events.map(({ type }) => type)).toEqual([
      "session.started",
      "password.changed",
      "session.ended",
      "session.started",
    ]);
    expect(events[1]).toMatchObject({ actor_id: ada.id, user_id: ada.id, ip: HOME.ip });
    expect(events[2]).toMatchObject({ user_id: ada.id, details: { reason: "password_changed" } });
    expect(JSON.stringify(events)).not.toMatch(new RegExp(`${PASSWORD}|${OTHER_PASSWORD}`));
  });
});

describe("refused", () => {
  it("without the current password, changing nothing", async () => {
    const before = await signInWith(PASSWORD);
    expect(await errorOf(change("a guess of fifteen"))).toMatchObject({ code: "current_password_wrong" });
    expect(await house.isLetIn(before)).toEqual(LET_IN);
    await expect(signInWith(PASSWORD)).resolves.toBeDefined();
  });

  it("for a password that may not be chosen, changing nothing", async () => {
    const before = await signInWith(PASSWORD);
    expect(await errorOf(change(PASSWORD, "short"))).toMatchObject({
      code: "invalid_request",
      fields: { newPassword: expect.any(String) },
    });
    expect(await house.isLetIn(before)).toEqual(LET_IN);
  });

  it("after ten guesses at the current one, even with the right one", async () => {
    for (let index = 0; index < 10; index += 1) {
      expect(await errorOf(change("a guess of fifteen"))).toMatchObject({ code: "current_password_wrong" });
    }
    expect(await errorOf(change(PASSWORD))).toMatchObject({ code: "rate_limited" });
  });

  it("for a person who has chosen none, and for nobody", async () => {
    const invited = await house.addPerson({ password: null });
    const asked = { currentPassword: "", newPassword: OTHER_PASSWORD };
    const codes = [
      await errorOf(changePassword(house.identity, invited.id, asked, HOME)),
      await errorOf(changePassword(house.identity, "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1", asked, HOME)),
    ];
    expect(codes).toMatchObject([{ code: "current_password_wrong" }, { code: "not_found" }]);
  });

  it("for all but one of several that change it at once", async () => {
    const wanted = Array.from({ length: 5 }, (_, index) => `${OTHER_PASSWORD} ${index}`);
    const { succeeded, refusals } = await raceOf(wanted.map((password) => change(PASSWORD, password)));
    expect(succeeded).toHaveLength(1);
    expect(refusals).toEqual(Array.from({ length: 4 }, () => "current_password_wrong"));
    expect(await house.liveSessions(ada.id)).toEqual(succeeded.map(({ session }) => session.id));
    const signedIn = await raceOf(wanted.map((password) => signInWith(password)));
    expect(signedIn.succeeded).toHaveLength(1);
  });

  it("leaves everything as it was when the database fails in the middle", async () => {
    const before = await signInWith(PASSWORD);
    const failing = {
      ...house.identity,
      atomically: <Result>(work: Parameters<typeof house.identity.atomically<Result>>[0]) =>
        house.identity.atomically<Result>((stores) =>
          work({ ...stores, sessions: { ...stores.sessions, end: () => Promise.reject(new Error("lost")) } }),
        ),
    };
    const asked = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    await expect(changePassword(failing, ada.id, asked, HOME)).rejects.toThrow("lost");
    expect(await house.isLetIn(before)).toEqual(LET_IN);
    expect(await house.events("password.changed")).toEqual([]);
    await expect(signInWith(PASSWORD)).resolves.toBeDefined();
  });
});
