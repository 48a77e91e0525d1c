import { expect, it } from "vitest";
import { PasswordHasher } from "./password-hasher";

const hasher = new PasswordHasher();
const PASSWORD = "orchid velvet tractor winds";

it("makes argon2id with 19 MiB, two passes and one lane, salted each time", async () => {
  const [first, second] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)]);
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(second).not.toBe(first);
  expect(await hasher.verify(PASSWORD, first)).toBe(true);
  expect(await hasher.verify(PASSWORD, second)).toBe(true);
});

it("tells every character: no truncation, folding or trimming", async () => {
  const start = "x".repeat(72);
  const long = `${start}${"a".repeat(28)}`;
  const hash = await hasher.hash(long);
  for (const other of [`${start}${"a".repeat(27)}b`, start, `${long} `, ` ${long}`, long.toUpperCase(), ""]) {
    expect(await hasher.verify(other, hash)).toBe(false);
  }
  expect(await hasher.verify(long, hash)).toBe(true);
});

it("does not end at NUL", async () => {
  const hash = await hasher.hash("before\0after, and some more");
  expect(await hasher.verify("before\0after, and some mora", hash)).toBe(false);
  expect(await hasher.verify("before", hash)).toBe(false);
  expect(await hasher.verify("before\0after, and some more", hash)).toBe(true);
});

it("verifies hashes made elsewhere with other costs", async () => {
  const older = "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$";
  await expect(hasher.verify(PASSWORD, older)).rejects.toThrow();
});
