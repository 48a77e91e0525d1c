import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { growth, parseExposition } from "@/lib/metrics/testing/exposition";
import { signIn } from "./sign-in";
import { errorOf, HOME, OTHER_PASSWORD, openHouse, PASSWORD, type TestHouse } from "./testing/test-house";

const EMAIL = "ada@example.com";

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const attempt = (password: string, email = EMAIL, deps = house.identity) =>
  signIn(deps, { email, password }, HOME, null);

/** What the work has counted, but for the requests of other work on the way. */
async function countedBy(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const scrape = async () => parseExposition(await house.services.metrics.text());
  const before = await scrape();
  await work();
  const grown = Object.entries(growth(before, await scrape()));
  return Object.fromEntries(grown.filter(([series]) => series.startsWith("latchkey_sign_ins_total")));
}
const signIns = (outcome: string, count = 1) => ({
  [`latchkey_sign_ins_total{outcome="${outcome}"}`]: count,
});

describe("a sign-in counts once, as", () => {
  it("succeeded", async () => {
    await house.addPerson({ email: EMAIL });
    expect(await countedBy(() => attempt(PASSWORD))).toEqual(signIns("succeeded"));
  });

  it("failed, whatever is not right", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    expect(await countedBy(() => errorOf(attempt(OTHER_PASSWORD)))).toEqual(signIns("failed"));
    expect(await countedBy(() => errorOf(attempt(PASSWORD, "nobody@example.com")))).toEqual(
      signIns("failed"),
    );
    await house.query("UPDATE users SET status = 'disabled' WHERE id = $1", [ada.id]);
    expect(await countedBy(() => errorOf(attempt(PASSWORD)))).toEqual(signIns("failed"));
  });

  it("failed, when the person was changed meanwhile", async () => {
    const ada = await house.addPerson({ email: EMAIL });
    const findByEmail = async () => ({ ...ada, passwordHash: await house.identity.hasher.hash(PASSWORD) });
    const deps = { ...house.identity, users: { ...house.identity.users, findByEmail } };
    expect(await countedBy(() => errorOf(attempt(PASSWORD, EMAIL, deps)))).toEqual(signIns("failed"));
  });

  it("limited, from the eleventh on", async () => {
    await house.addPerson({ email: EMAIL });
    const guess = async () => {
      for (let n = 0; n < 12; n += 1) await errorOf(attempt(OTHER_PASSWORD));
    };
    expect(await countedBy(guess)).toEqual({ ...signIns("failed", 10), ...signIns("limited", 2) });
  });

  it("nothing while the database cannot be asked", async () => {
    const findByEmail = async () => {
      throw new Error("down");
    };
    const deps = { ...house.identity, users: { ...house.identity.users, findByEmail } };
    expect(await countedBy(() => errorOf(attempt(PASSWORD, EMAIL, deps)))).toEqual({});
  });
});
