import { afterEach, describe, expect, it } from "vitest";
import { signUp } from "./create-user";
import { signIn } from "./sign-in";
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
afterEach(() => house.close());

const EMAIL = "ada@example.com";
const attempt = (email = EMAIL, password = PASSWORD, client = HOME) =>
  signUp(house.identity, { email, password }, client, null);

describe("where SIGNUP is open", () => {
  it("makes a user, never an administrator, and signs them in", async () => {
    house = await openHouse({ SIGNUP: "open" });
    const credentials = await attempt();
    expect(credentials.user).toMatchObject({ email: EMAIL, role: "user", status: "active" });
    expect(await house.isLetIn(credentials)).toEqual(LET_IN);
    expect((await house.events()).map(({ type }) => type)).toEqual(["user.signed_up", "session.started"]);
    await expect(
      signIn(house.identity, { email: EMAIL, password: PASSWORD }, HOME, null),
    ).resolves.toBeDefined();
  });

  it("refuses an address that is taken, whoever has it, and changes nothing of theirs", async () => {
    house = await openHouse({ SIGNUP: "open" });
    const admin = await house.addPerson({ email: EMAIL, role: "admin" });
    const refusal = await errorOf(attempt(EMAIL, OTHER_PASSWORD));
    expect(refusal).toMatchObject({ code: "email_taken", fields: undefined });
    expect(await house.identity.users.findByEmail(EMAIL)).toEqual(admin);
    expect(await house.query("SELECT id FROM sessions")).toEqual([]);
  });

  it("of many with one address at once, signs one up", async () => {
    house = await openHouse({ SIGNUP: "open" });
    const { succeeded, refusals } = await raceOf(Array.from({ length: 10 }, () => attempt()));
    expect(succeeded).toHaveLength(1);
    expect(new Set(refusals)).toEqual(new Set(["email_taken"]));
    expect(await house.query("SELECT id FROM users")).toHaveLength(1);
  });

  it("refuses a password that may not be chosen, and keeps nothing", async () => {
    house = await openHouse({ SIGNUP: "open" });
    expect(await errorOf(attempt(EMAIL, "short"))).toMatchObject({
      code: "invalid_request",
      fields: { password: expect.stringMatching(/at least 15/) },
    });
    expect(await errorOf(attempt(EMAIL, `${EMAIL}1`))).toMatchObject({ code: "invalid_request" });
    expect(await house.query("SELECT id FROM users")).toEqual([]);
  });

  it("takes twenty attempts from one address, whatever became of them", async () => {
    house = await openHouse({ SIGNUP: "open" });
    for (let index = 0; index < 20; index += 1) {
      expect(await errorOf(attempt(`p${index}@example.com`, "short"))).toMatchObject({
        code: "invalid_request",
      });
    }
    expect(await errorOf(attempt())).toMatchObject({
      code: "rate_limited",
      retryAfterSeconds: expect.any(Number),
    });
    await expect(attempt(EMAIL, PASSWORD, clientAt("192.0.2.99"))).resolves.toBeDefined();
  });
});

it("ends the session that this browser had", async () => {
  house = await openHouse({ SIGNUP: "open" });
  const bob = await house.addPerson({ email: "bob@example.com" });
  const before = await signIn(house.identity, { email: bob.email, password: PASSWORD }, HOME, null);
  const input = { email: EMAIL, password: PASSWORD };
  const credentials = await signUp(house.identity, input, HOME, before.session.id);
  expect(await house.isLetIn(before)).toEqual(SHUT_OUT);
  expect(await house.isLetIn(credentials)).toEqual(LET_IN);
});

describe("where SIGNUP is by invitation, as it is unless set", () => {
  it("signs nobody up", async () => {
    house = await openHouse();
    expect(await errorOf(attempt())).toMatchObject({ code: "signup_closed" });
    expect(await house.query("SELECT id FROM users")).toEqual([]);
  });
});
