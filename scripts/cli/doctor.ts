import { secondsBetween } from "../../lib/crypto/clock";
import type { Services } from "../../lib/services";
import { type Command, table } from "./command";

interface Finding {
  part: string;
  isWell: boolean;
  /** What was seen and, where it is not well, what to do. */
  says: string;
}

/** Looks at each part that sign-in stands on and says what to do where one is not well. */
export const doctor: Command = {
  parameters: "",
  summary: "checks database, keys, clock and origin, and says what to do",
  positionals: 0,
  options: {},
  run: async (latchkey) => {
    const findings = [
      await check("database", () => checkDatabase(latchkey)),
      await check("clock", () => checkClock(latchkey)),
      await check("signing key", () => checkKeys(latchkey)),
      await check("people", () => checkPeople(latchkey)),
      await check("origin", async () => checkOrigin(latchkey)),
    ];
    const rows = findings.map(({ part, isWell, says }) => [isWell ? "ok" : "NOT OK", part, says]);
    return { data: findings, lines: table(rows), isRefusal: findings.some(({ isWell }) => !isWell) };
  },
};

type Answer = Omit<Finding, "part">;

const well = (says: string): Answer => ({ isWell: true, says });
const unwell = (says: string): Answer => ({ isWell: false, says });

async function check(part: string, look: () => Promise<Answer>): Promise<Finding> {
  try {
    return { part, ...(await look()) };
  } catch (error) {
    return {
      part,
      ...unwell(error instanceof Error ? (error.message.split("\n").at(-1) ?? "") : String(error)),
    };
  }
}

async function checkDatabase({ stores }: Services): Promise<Answer> {
  await stores.ping();
  return well("answers, and has every migration");
}

async function checkClock({ stores, clock, settings }: Services): Promise<Answer> {
  const before = clock.now();
  const skewSeconds = Math.abs(secondsBetween(before, await stores.databaseTime()));
  const says = `${skewSeconds.toFixed(1)} s apart from the database's`;
  if (skewSeconds <= settings.clockToleranceSeconds) return well(says);
  return unwell(`${says}, more than CLOCK_TOLERANCE_SECONDS: synchronize both clocks (NTP)`);
}

async function checkKeys({ keyring }: Services): Promise<Answer> {
  await keyring.open();
  const { kid, algorithm } = keyring.signer;
  return well(`${algorithm} ${kid} opens and signs`);
}

async function checkPeople({ stores }: Services): Promise<Answer> {
  if (!(await stores.users.isEmpty())) return well("there is somebody who can sign in");
  return unwell("nobody exists: open the link that `npm start` prints, or run `admin create EMAIL`");
}

function checkOrigin({ settings }: Services): Answer {
  const { origin, secureCookies } = settings;
  if (!secureCookies) return unwell("INSECURE_COOKIES is on: for development alone");
  return well(`${origin}, with Secure cookies`);
}
