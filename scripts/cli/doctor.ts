import { type Command, table } from "./command";
import { checkKeys, checkSecrets, checkSigner } from "./doctor-keys";
import {
  checkClock,
  checkCookies,
  checkDatabase,
  checkOrigin,
  checkPeople,
  checkRedis,
} from "./doctor-surroundings";
import { check } from "./finding";

/** Looks at each part that sign-in stands on and says what to do where one is not well. Changes nothing. */
export const doctor: Command = {
  parameters: "",
  summary: "checks secrets, keys, clock, database, Redis, origin and cookies, and says what to do",
  positionals: 0,
  options: {},
  run: async (latchkey) => {
    const findings = [
      await check("database", () => checkDatabase(latchkey)),
      await check("clock", () => checkClock(latchkey)),
      await check("secrets", () => checkSecrets(latchkey)),
      await check("keys", () => checkKeys(latchkey)),
      await check("signer", () => checkSigner(latchkey)),
      await check("Redis", () => checkRedis(latchkey)),
      await check("people", () => checkPeople(latchkey)),
      await check("origin", () => checkOrigin(latchkey)),
      await check("cookies", async () => checkCookies(latchkey)),
    ].flat();
    const rows = findings.map(({ part, isWell, says }) => [isWell ? "ok" : "NOT OK", part, says]);
    return { data: findings, lines: table(rows), isRefusal: findings.some(({ isWell }) => !isWell) };
  },
};
