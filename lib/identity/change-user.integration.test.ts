import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { Actor } from "@/lib/audit/actor";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { changeName, changeUser } from "./change-user";
import { signIn } from "./sign-in";
import {
  errorOf,
  HOME,
  LET_IN,
  openHouse,
  PASSWORD,
  raceOf,
  SHUT_OUT,
  type TestHouse,
} from "./testing/test-house";
import type { User, UserChange } from "./user-store";

let house: TestHouse;
let admin: User;
let byAdmin: Actor;
beforeEach(async () => {
  house = await openHouse();
  admin = await house.addPerson({ role: "admin" });
  byAdmin = { userId: admin.id, sessionId: "session-of-the-admin", client: HOME };
});
afterEach(() => house.close());

const change = (user: User, to: UserChange, actor = byAdmin) =>
  changeUser(house.identity, user.id, to, actor);
const signInAs = ({ email }: User) => signIn(house.identity, { email, password: PASSWORD }, HOME, null);

describe("disabling an account", () => {
  it("ends its sessions, denies their tokens and lets nobody sign in", async () => {
    const ada = await house.addPerson();
    const before = [await signInAs(ada), await signInAs(ada)];
    const others = await signInAs(admin);
    expect(await change(ada, { status: "disabled" })).toMatchObject({ id: ada.id, status: "disabled" });
    for (const session of before) expect(await house.isLetIn(session)).toEqual(SHUT_OUT);
    expect(await house.isLetIn(others)).toEqual(LET_IN);
    expect(await errorOf(signInAs(ada))).toMatchObject({ code: "invalid_credentials" });
  });

  it("is recorded with who did it", async () => {
    const ada = await house.addPerson();
    const { session } = await signInAs(ada);
    await change(ada, { status: "disabled" });
    expect(await house.events("user.disabled")).toEqual([
      expect.objectContaining({
        actor_id: admin.id,
        user_id: ada.id,
        session_id: byAdmin.sessionId,
        ip: HOME.ip,
      }),
    ]);
    expect(await house.events("session.ended")).toEqual([
      expect.objectContaining({
        actor_id: admin.id,
        session_id: session.id,
        details: { reason: "account_disabled" },
      }),
    ]);
  });

  it("denies the tokens at once also where the denylist is answered from memory", async () => {
    await house.close();
    house = await openHouse({ REVOCATION: "replica" });
    const ada = await house.addPerson();
    const credentials = await signInAs(ada);
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
    await change(ada, { status: "disabled" }, COMMAND_LINE);
    expect(await house.isLetIn(credentials)).toEqual(SHUT_OUT);
  });

  it("is undone by enabling it, but its sessions stay ended", async () => {
    const ada = await house.addPerson();
    const before = await signInAs(ada);
    await change(ada, { status: "disabled" });
    await change(ada, { status: "active" });
    expect(await house.isLetIn(before)).toEqual(SHUT_OUT);
    expect(await house.isLetIn(await signInAs(ada))).toEqual(LET_IN);
    expect(await house.events("user.enabled")).toHaveLength(1);
  });
});

describe("a change of role", () => {
  test.each([
    ["user", "admin"],
    ["admin", "user"],
  ] as const)("from %s to %s ends their sessions, whose tokens say the old one", async (from, to) => {
    const ada = await house.addPerson({ role: from });
    const before = await signInAs(ada);
    await change(ada, { role: to });
    expect(await house.isLetIn(before)).toEqual(SHUT_OUT);
    expect(decodeJwt((await signInAs(ada)).accessToken).role).toBe(to);
    expect(await house.events("user.role_changed")).toEqual([
      expect.objectContaining({ user_id: ada.id, actor_id: admin.id, details: { role: to } }),
    ]);
  });

  it("to the one they have changes nothing and ends nothing", async () => {
    const ada = await house.addPerson();
    const session = await signInAs(ada);
    await change(ada, { role: "user", status: "active" });
    expect(await house.isLetIn(session)).toEqual(LET_IN);
    expect(await house.events("user.role_changed")).toEqual([]);
  });

  it("happens together with its event and the end of the sessions, or not at all", async () => {
    const ada = await house.addPerson();
    const session = await signInAs(ada);
    const failing = {
      ...house.identity,
      atomically: <Result>(work: Parameters<typeof house.identity.atomically<Result>>[0]) =>
        house.identity.atomically<Result>((stores) =>
          work({ ...stores, sessions: { ...stores.sessions, end: () => Promise.reject(new Error("lost")) } }),
        ),
    };
    await expect(changeUser(failing, ada.id, { role: "admin" }, byAdmin)).rejects.toThrow("lost");
    expect(await house.identity.users.find(ada.id)).toMatchObject({ role: "user" });
    expect(await house.events("user.role_changed")).toEqual([]);
    expect(await house.isLetIn(session)).toEqual(LET_IN);
  });
});

describe("the last active administrator", () => {
  test.each<UserChange>([{ role: "user" }, { status: "disabled" }, { role: "user", status: "disabled" }])(
    "is not taken away by %j",
    async (to) => {
      await house.addPerson();
      const disabled = await house.addPerson({ role: "admin" });
      await change(disabled, { status: "disabled" });
      const session = await signInAs(admin);
      expect(await errorOf(change(admin, to))).toMatchObject({ code: "last_administrator" });
      expect(await house.identity.users.find(admin.id)).toEqual(admin);
      expect(await house.isLetIn(session)).toEqual(LET_IN);
    },
  );

  it("may go once there is another", async () => {
    await house.addPerson({ role: "admin" });
    await expect(change(admin, { role: "user" })).resolves.toMatchObject({ role: "user" });
  });

  it("stays when two administrators remove each other at once", async () => {
    for (let round = 0; round < 5; round += 1) {
      const other = await house.addPerson({ role: "admin" });
      const { succeeded, refusals } = await raceOf([
        change(admin, { status: "disabled" }),
        change(other, { role: "user" }),
      ]);
      expect(succeeded).toHaveLength(1);
      expect(refusals).toEqual(["last_administrator"]);
      await house.query("UPDATE users SET status = 'active', role = 'user' WHERE id = $1", [other.id]);
      await house.query("UPDATE users SET status = 'active', role = 'admin' WHERE id = $1", [admin.id]);
    }
  });
});

it("is refused for nobody", async () => {
  const nobody = { ...admin, id: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1" };
  expect(await errorOf(change(nobody, { role: "user" }))).toMatchObject({ code: "not_found" });
});

it("changes a name, and records that without it", async () => {
  const ada = await house.addPerson();
  await changeName(house.identity, ada.id, "Ada Lovelace", { userId: ada.id, sessionId: null, client: HOME });
  expect(await house.identity.users.find(ada.id)).toMatchObject({ name: "Ada Lovelace" });
  expect(await house.events("user.name_changed")).toEqual([
    expect.objectContaining({ actor_id: ada.id, user_id: ada.id, details: {} }),
  ]);
});
