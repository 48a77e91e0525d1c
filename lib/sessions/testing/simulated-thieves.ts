import type { SimulatedBrowser } from "./simulated-browser";
import type { Jar, SimulatedWorld } from "./simulated-world";

/** A thief's next move with the jar he copied: what he holds then, and in how many seconds he moves again. */
export type Move = (thief: Thief) => Promise<{ jar: Jar | null; waitSeconds: number }>;

interface Thief {
  world: SimulatedWorld;
  victim: SimulatedBrowser;
  jar: Jar;
}

const isExpired = ({ world, jar }: Thief): boolean => world.now >= jar.expiresAt;
const now = ({ jar }: Thief, waitSeconds: number) => ({ jar, waitSeconds });

async function refresh({ world, jar }: Thief, waitSeconds: number, agent?: string) {
  const client = agent === undefined ? undefined : { ip: "203.0.113.9", userAgent: agent };
  return { jar: await world.refresh("thief", jar, client), waitSeconds };
}

async function use(thief: Thief, waitSeconds: number) {
  await thief.world.use(thief.jar);
  return now(thief, waitSeconds);
}

/** Refreshes before the victim does, and presents nothing that the victim may not have presented before him. */
const ahead: Move = async (thief) => {
  const { world, jar } = thief;
  const wait = world.exponential(60);
  if (world.now >= jar.expiresAt - 120) return refresh(thief, wait);
  return world.now - jar.issuedAt > 300 ? use(thief, wait) : now(thief, wait);
};

/** Every strategy we could think of. Each thief copies the user agent along, unless it says otherwise. */
export const THIEVES = {
  naive: async (thief) => {
    const wait = thief.world.exponential(60);
    return isExpired(thief) ? refresh(thief, wait) : use(thief, wait);
  },
  ahead,
  /** Never shows an access token at all: only keeps the session in hand. */
  hoarder: async (thief) =>
    thief.world.now >= thief.jar.expiresAt - 120
      ? refresh(thief, 60)
      : now(thief, thief.world.exponential(60)),
  poll: async (thief) => refresh(thief, 5),
  slow: async (thief) => {
    const fresh = await refresh(thief, thief.world.uniform(1_000, 8_000));
    if (fresh.jar !== null) await thief.world.use(fresh.jar);
    return fresh;
  },
  /** Moves only while the victim has been away for a while. */
  sleeper: async (thief) => {
    const { world, victim } = thief;
    if (victim.awayUntil < world.now + 120) return now(thief, 60);
    return isExpired(thief) ? refresh(thief, 60) : use(thief, 60);
  },
  /** Waits for the previous token to be worth a recovery, and takes it. */
  recoverer: async (thief) => refresh(thief, thief.world.uniform(605, 700)),
  /** Goes on with another browser than the victim's. */
  foreigner: async (thief) => {
    const wait = thief.world.exponential(60);
    return isExpired(thief) ? refresh(thief, wait, "curl") : use(thief, wait);
  },
} satisfies Record<string, Move>;

/** Refreshes in the same half minute as the victim each time, so that he looks like another tab of it. */
export const shadow: Move = async (thief) => {
  if (!isExpired(thief)) return now(thief, thief.jar.expiresAt - thief.world.now + 15);
  return refresh(thief, 0);
};

/** Copies the victim's jar now and moves after a few seconds, until he is refused. */
export function releaseThief(world: SimulatedWorld, victim: SimulatedBrowser, move: Move): void {
  let jar = victim.jar;
  const step = async (): Promise<void> => {
    const next = await move({ world, victim, jar });
    if (next.jar === null) return;
    jar = next.jar;
    world.schedule(world.now + next.waitSeconds, step);
  };
  world.schedule(world.now + world.uniform(1, 60), step);
}
