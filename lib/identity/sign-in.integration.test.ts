import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { changePassword } from "./change-password";
import { changeUser } from "./change-user";
import { signIn } from "./sign-in";
import { InterruptedHasher } from "./testing/interrupted-hasher";
import {
  errorOf,
  HOME,
  LET_IN,
  OTHER_PASSWORD,
  openHouse,
  PASSWORD,
  SHUT_OUT,
  type TestHouse,
} from "./testing/test-house";

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const EMAIL = "ada@example.com";
const attempt = (email: string, password: string, replaced: string | null = null) =>
  signIn(house.identity, { email, password }, HOME, replaced);

describe("with the right password", () => {
  it("starts a session of the person, and says so in the audit log", async () => {
    const ada = await house.addPerson({ email: EMAIL, role: "admin" });
    const credentials = await attempt(EMAIL, PASSWORD);
    expect(credentials.user).toEqual({
      id: ada.id,
      email: EMAIL,
      name: null,
      role: "admin",
      status: "active",
      createdAt: house.clock.now(),
    });
    expect(decodeJwt(credentials.accessToken)).toMatchObject({
      sub: ada.id,
      role: "admin",
      sid: credentials.session.id,
      auth_time: house.clock.now().getTime() / 1000,
    });
    expect(await house.liveSessions(ada.id)).toEqual([credentials.session.id]);
    expect(await house.events()).toEqual([
      expect.objectContaining({
        type: "session.started",
        user_id: ada.id,
        actor_id: ada.id,
        session_id: credentials.session.id,
        ip: HOME.ip,
      }),
    ]);
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
  });

  it("starts a new session each time, with other secrets, and leaves those of other browsers alone", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const first = await attempt(EMAIL, PASSWORD);
    const second = await attempt(EMAIL, PASSWORD);
    expect(second.session.id).not.toBe(first.session.id);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await house.liveSessions(ada.id)).sort()).toEqual([first.session.id, second.session.id].sort());
  });

  it("ends the session that this browser had, whosever it was", async () => {
    await house.addPerson({ email: EMAIL });
    await house.addPerson({ email: "eve@example.com" });
    const before = await attempt("eve@example.com", PASSWORD);
    const after = await attempt(EMAIL, PASSWORD, before.session.id);
    expect(await house.isLetIn(before)).toEqual(SHUT_OUT);
    expect(await house.isLetIn(after)).toEqual(LET_IN);
    expect(await house.events("session.ended")).toEqual([
      expect.objectContaining({ session_id: before.session.id, details: { reason: "replaced" } }),
    ]);
  });
});

describe("refused", () => {
  it("keeps the browser's session when the password is wrong", async () => {
    await house.addPerson({ email: EMAIL });
    const before = await attempt(EMAIL, PASSWORD);
    await errorOf(attempt(EMAIL, OTHER_PASSWORD, before.session.id));
    expect(await house.isLetIn(before)).toEqual(LET_IN);
  });

  it("gives the same error, after the same work, whatever was wrong", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    await house.addPerson({ email: "invited@example.com", password: null });
    const disabled = await house.addPerson({ email: "disabled@example.com" });
    await changeUser(house.identity, disabled.id, { status: "disabled" }, COMMAND_LINE);
    const check = vi.spyOn(house.identity.hasher, "verify");

    const errors = [
      await errorOf(attempt(EMAIL, OTHER_PASSWORD)),
      await errorOf(attempt("nobody@example.com", PASSWORD)),
      await errorOf(attempt("disabled@example.com", PASSWORD)),
      await errorOf(attempt("disabled@example.com", OTHER_PASSWORD)),
      await errorOf(attempt("invited@example.com", PASSWORD)),
      await errorOf(attempt("invited@example.com", "")),
    ];

    expect(errors[0]).toMatchObject({
      code: "invalid_credentials",
      message: "The e-mail address or the password is not right.",
      fields: undefined,
      retryAfterSeconds: undefined,
      reason: undefined,
      cause: undefined,
    });
    for (const error of errors) expect(error).toEqual(errors[0]);
    expect(check).toHaveBeenCalledTimes(errors.length);
    expect(await house.query("SELECT id FROM sessions")).toEqual([]);
    const failures = await house.events("sign_in.failed");
    expect(failures).toHaveLength(errors.length);
    expect(failures[0]).toMatchObject({ user_id: ada.id, actor_id: null, ip: HOME.ip });
    expect(failures[1]).toMatchObject({ user_id: null });
  });

  it("writes no password and no token into the audit log", async () => {
    await house.addPerson({ email: EMAIL });
    await errorOf(attempt(EMAIL, "a wrong and secret password"));
    const { accessToken, refreshToken } = await attempt(EMAIL, PASSWORD);
    const rows = JSON.stringify([await house.events(), await house.query("SELECT * FROM rate_limits")]);
    for (const secret of ["a wrong and secret password", PASSWORD, accessToken, refreshToken, EMAIL]) {
      expect(rows).not.toContain(secret);
    }
  });

  it("does not sign anybody in while the database cannot be asked", async () => {
    await house.addPerson({ email: EMAIL });
    const outage = Object.assign(new Error("Connection terminated"), { code: "P1001" });
    vi.spyOn(house.identity.users, "findByEmail").mockRejectedValue(outage);
    expect(await errorOf(attempt(EMAIL, PASSWORD))).toBe(outage);
  });
});

/** Checking a password takes long, and longer in a queue. What changes meanwhile must count. */
describe("while the password is being checked", () => {
  const signInMeanwhile = (meanwhile: () => Promise<unknown>) => {
    const deps = { ...house.identity, hasher: new InterruptedHasher(meanwhile) };
    return signIn(deps, { email: EMAIL, password: PASSWORD }, HOME, null);
  };

  it("the account is disabled: nobody is signed in", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const disable = () => changeUser(house.identity, ada.id, { status: "disabled" }, COMMAND_LINE);
    expect(await errorOf(signInMeanwhile(disable))).toMatchObject({ code: "invalid_credentials" });
    expect(await house.query("SELECT id FROM sessions")).toEqual([]);
  });

  it("the role is taken away: the token says so", async () => {
    await house.addPerson({ role: "admin" });
    const ada = await house.addPerson({ email: EMAIL, role: "admin" });
    const demote = () => changeUser(house.identity, ada.id, { role: "user" }, COMMAND_LINE);
    const credentials = await signInMeanwhile(demote);
    expect(credentials.user.role).toBe("user");
    expect(decodeJwt(credentials.accessToken).role).toBe("user");
  });

  it("the password is changed: the old one signs nobody in", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const change = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    const changeIt = () => changePassword(house.identity, ada.id, change, HOME);
    expect(await errorOf(signInMeanwhile(changeIt))).toMatchObject({ code: "invalid_credentials" });
    expect(await house.liveSessions(ada.id)).toHaveLength(1);
  });
});
