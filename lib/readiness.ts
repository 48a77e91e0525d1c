import { setTimeout as after } from "node:timers/promises";
import type { Services } from "./services";

export type PartState = "ok" | "degraded" | "unavailable";

export interface Readiness {
  /** The worst of the parts. */
  status: PartState;
  parts: Record<"database" | "keys" | "denylist", PartState>;
}

/** A part that has not answered by then is not there. */
const ANSWER_MS = 1_000;

const WORST_FIRST = ["unavailable", "degraded"] as const;

/** Whether each part that a request needs answers now: the database, the key that signs, and the denylist. */
export async function readiness(
  { stores, keyring, denylist }: Pick<Services, "stores" | "keyring" | "denylist">,
  answerMs: number = ANSWER_MS,
): Promise<Readiness> {
  const [database, keys, denials] = await Promise.all([
    within(
      answerMs,
      stateOf(stores, () => okAfter(stores.ping())),
    ),
    keyState(keyring),
    within(
      answerMs,
      stateOf(denylist, () => denylist.state()),
    ),
  ]);
  const parts = { database, keys, denylist: denials };
  const states = Object.values(parts);
  return { status: WORST_FIRST.find((state) => states.includes(state)) ?? "ok", parts };
}

/** What was asked of each part and has no answer yet. A silent part is not asked again beside it. */
const pending = new WeakMap<object, Promise<PartState>>();

function stateOf(part: object, ask: () => Promise<PartState>): Promise<PartState> {
  const asked = pending.get(part);
  if (asked !== undefined) return asked;
  const state = ask()
    .catch((): PartState => "unavailable")
    .finally(() => pending.delete(part));
  pending.set(part, state);
  return state;
}

const within = (ms: number, state: Promise<PartState>): Promise<PartState> =>
  Promise.race([state, after<PartState>(ms, "unavailable", { ref: false })]);

async function okAfter(check: Promise<unknown>): Promise<PartState> {
  await check;
  return "ok";
}

/** Without a key that signs, the keyring throws. */
function keyState(keyring: Services["keyring"]): PartState {
  try {
    return keyring.signer ? "ok" : "unavailable";
  } catch {
    return "unavailable";
  }
}
