import * as argon2 from "@node-rs/argon2";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { hasCode } from "@/lib/errors/latchkey-error";
import { PasswordHasher } from "./password-hasher";

/** Stands in for the work itself: this is about how much of it is done at a time, and how often. */
vi.mock("@node-rs/argon2", { spy: true });

const work = vi.mocked(argon2.hash);
const check = vi.mocked(argon2.verify);

beforeEach(() => {
  work.mockReset();
  check.mockReset();
});

describe("many at once", () => {
  /** Work that ends when it is told to, and counts how much of it goes on at a time. */
  function holdWork() {
    const running = { now: 0, most: 0 };
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    work.mockImplementation(async () => {
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      await released;
      running.now -= 1;
      return "hash";
    });
    return { running, release };
  }

  it("works on two, lets fifty wait, and refuses the rest with a time to come back", async () => {
    const { running, release } = holdWork();
    const hasher = new PasswordHasher();
    const all = Array.from({ length: 200 }, async () => hasher.hash("password"));
    const settled = Promise.allSettled(all);
    await new Promise(setImmediate);
    expect(running.now).toBe(2);
    release();
    const outcomes = await settled;
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(outcomes.length - refused.length).toBe(52);
    for (const { reason } of refused) {
      expect(hasCode(reason, "rate_limited")).toBe(true);
      expect(reason).toMatchObject({ retryAfterSeconds: expect.any(Number) });
    }
    expect(running.most).toBe(2);
  });

  it("takes new work when the queue is empty again, also after work that failed", async () => {
    const { release } = holdWork();
    const hasher = new PasswordHasher();
    const settled = Promise.allSettled(Array.from({ length: 200 }, async () => hasher.hash("password")));
    release();
    await settled;
    work.mockRejectedValue(new Error("out of memory"));
    for (let round = 0; round < 5; round += 1)
      await expect(hasher.hash("password")).rejects.toThrow("memory");
    work.mockResolvedValue("later hash");
    expect(await hasher.hash("password")).toBe("later hash");
  });

  it("counts checks and new hashes in one queue", async () => {
    const { running, release } = holdWork();
    check.mockImplementation(async () => {
      running.most = Math.max(running.most, running.now + 1);
      return true;
    });
    const hasher = new PasswordHasher();
    const hashes = Promise.all([hasher.hash("a"), hasher.hash("b")]);
    const checked = hasher.verify("c", "hash");
    await new Promise(setImmediate);
    expect(check).not.toHaveBeenCalled();
    release();
    await hashes;
    expect(await checked).toBe(true);
    expect(running.most).toBe(2);
  });
});

describe("nobody's password", () => {
  const costs = (hash: unknown) => String(hash).split("$").slice(0, 4).join("$");

  it("is checked by the same work as somebody's, and is never right", async () => {
    const hasher = new PasswordHasher();
    const actual = await vi.importActual<typeof argon2>("@node-rs/argon2");
    work.mockImplementation(actual.hash);
    const somebodys = await hasher.hash("orchid velvet tractor");
    check.mockResolvedValue(true);
    expect(await hasher.verify("any password", somebodys)).toBe(true);
    expect(await hasher.verify("any password", null)).toBe(false);
    expect(check).toHaveBeenCalledTimes(2);
    const [first = "", second = ""] = check.mock.calls.map(([hash]) => String(hash));
    expect(first).toBe(somebodys);
    expect(costs(second)).toBe(costs(first));
    expect(second).toHaveLength(first.length);
  });
});
