import { setTimeout as wait } from "node:timers/promises";
import pLimit from "p-limit";
import {
  LOGOUT_ABANDONED_SECONDS,
  LOGOUT_DELIVERY_MS,
  LOGOUT_HOLD_SECONDS,
  LOGOUT_RETRY_SECONDS,
  MAX_LOGOUT_RETRY_SECONDS,
  OUTBOUND_DEADLINE_MS,
} from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { isFetchRefused } from "@/lib/outbound/fetch-refused-error";
import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { issueLogoutToken } from "./logout-token";
import type { LogoutDelivery } from "./stores";

type DeliveryDependencies = Pick<
  OAuthDependencies,
  "stores" | "atomically" | "findSigner" | "postForm" | "issuer" | "clock"
>;

/** How many are taken at once; few enough to be over before their hold is. */
const BATCH_DELIVERIES = 200;
const CLIENTS_AT_ONCE = 16;
const DELIVERIES_AT_ONCE = 4;

interface Batch {
  due: LogoutDelivery[];
  /** From then on a delivery that was not begun is left to whoever takes it next. */
  leftAt: Date;
}

/** What became of a client that gave no answer, and until when nothing else is sent to it. */
type Silences = Map<Client["id"], { problem: string; until: Date }>;

/**
 * Tells clients of sign-outs (OpenID Connect Back-Channel Logout 1.0 section 2.5): all that is due, and
 * nothing twice at a time however many processes do this. Returns how many were told.
 *
 * A client that does not take its token gets another one later, 5 s after the first and up to 15 min after the last,
 * for 24 h; then it is given up, with an event. Up to fifteen clients that take their time keep no other waiting: more is taken
 * every second, for all but those that are being told. One that does not answer is left alone for 5 s, with all that waits for it. What a process
 * that died had taken is taken again once its hold is over.
 * Takes nothing more after 15 s, nor once the database, or whoever signs, cannot be asked: then it rejects, after all that it
 * has taken is done.
 */
export async function deliverLogouts(deps: DeliveryDependencies): Promise<number> {
  const silences: Silences = new Map();
  const slots = pLimit(CLIENTS_AT_ONCE);
  const telling = new Map<Client["id"], Promise<void>>();
  const failures: unknown[] = [];
  const until = addSeconds(deps.clock.now(), LOGOUT_HOLD_SECONDS);
  let delivered = 0;
  const tell = async (client: Client | undefined, theirs: Batch): Promise<void> => {
    try {
      const told = await deliverBatch(deps, client, theirs, silences);
      delivered += told;
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    for (;;) {
      const batch = await takeDue(deps, [...telling.keys()]);
      for (const [id, { client, theirs }] of await byClient(deps, batch)) {
        const over = slots(() => tell(client, theirs)).finally(() => telling.delete(id));
        telling.set(id, over);
      }
      const isOver = failures.length > 0 || deps.clock.now() >= until;
      if (telling.size === 0 || isOver) break;
      const someone = () => Promise.race(telling.values());
      // What is due meanwhile does not wait for who is slow.
      const pause = wait(LOGOUT_DELIVERY_MS, undefined, { ref: false });
      if (batch.due.length < BATCH_DELIVERIES) await Promise.race([someone(), pause]);
      // What would only be held is left to other processes.
      while (telling.size >= CLIENTS_AT_ONCE) await someone();
    }
  } finally {
    await Promise.all(telling.values());
  }
  if (failures.length > 0) throw failures[0];
  return delivered;
}

async function takeDue({ stores, clock }: DeliveryDependencies, except: Client["id"][]): Promise<Batch> {
  const now = clock.now();
  const heldUntil = addSeconds(now, LOGOUT_HOLD_SECONDS);
  const due = await stores.logoutDeliveries.take(BATCH_DELIVERIES, now, heldUntil, except);
  return { due, leftAt: addSeconds(heldUntil, -OUTBOUND_DEADLINE_MS / 1000) };
}

/** What each client is to hear; without the client where it has gone meanwhile. */
async function byClient({ stores }: DeliveryDependencies, { due, leftAt }: Batch) {
  const ids = [...new Set(due.map(({ clientId }) => clientId))];
  const clients = ids.length === 0 ? [] : await stores.clients.findAll(ids);
  return ids.map((id) => {
    const theirs: Batch = { due: due.filter(({ clientId }) => clientId === id), leftAt };
    return [id, { client: clients.find((client) => client.id === id), theirs }] as const;
  });
}

async function deliverBatch(
  deps: DeliveryDependencies,
  client: Client | undefined,
  { due, leftAt }: Batch,
  silences: Silences,
): Promise<number> {
  let delivered = 0;
  await inParallel(due, DELIVERIES_AT_ONCE, async (delivery) => {
    if (deps.clock.now() >= leftAt) return;
    if (await deliver(deps, client, delivery, silences)) delivered += 1;
  });
  return delivered;
}

/** Whether the client has taken it. */
async function deliver(
  deps: DeliveryDependencies,
  client: Client | undefined,
  delivery: LogoutDelivery,
  silences: Silences,
): Promise<boolean> {
  const uri = client?.backchannelLogoutUri ?? null;
  const isWanted = client !== undefined && uri !== null;
  const problem = isWanted ? await post(deps, client, uri, delivery, silences) : null;
  if (problem === null) await deps.stores.logoutDeliveries.remove(delivery.id);
  else await tryLater(deps, delivery, problem);
  return isWanted && problem === null;
}

/** Null, or why the client has not taken it. */
async function post(
  deps: DeliveryDependencies,
  client: Client,
  uri: string,
  delivery: LogoutDelivery,
  silences: Silences,
): Promise<string | null> {
  const silence = silences.get(client.id);
  if (silence !== undefined && deps.clock.now() < silence.until) return silence.problem;
  const form = { logout_token: await issueLogoutToken(deps, client, delivery) };
  try {
    await deps.postForm(uri, form);
    return null;
  } catch (error) {
    if (!isFetchRefused(error)) throw error;
    const until = addSeconds(deps.clock.now(), LOGOUT_RETRY_SECONDS);
    if (error.status === null) silences.set(client.id, { problem: error.message, until });
    return error.message;
  }
}

async function tryLater(
  deps: DeliveryDependencies,
  delivery: LogoutDelivery,
  problem: string,
): Promise<void> {
  const { id, createdAt, attempts } = delivery;
  const nextAttemptAt = addSeconds(deps.clock.now(), retrySeconds(attempts));
  if (nextAttemptAt > addSeconds(createdAt, LOGOUT_ABANDONED_SECONDS)) await abandon(deps, delivery, problem);
  else await deps.stores.logoutDeliveries.postpone(id, nextAttemptAt, problem);
}

/** After so many attempts that came to nothing before the last one. */
const retrySeconds = (attempts: number): number =>
  Math.min(MAX_LOGOUT_RETRY_SECONDS, LOGOUT_RETRY_SECONDS * 2 ** attempts);

async function abandon(
  { atomically, clock }: DeliveryDependencies,
  { id, clientId, userId, sessionId, attempts }: LogoutDelivery,
  problem: string,
): Promise<void> {
  await atomically(async (stores) => {
    await stores.logoutDeliveries.remove(id);
    await stores.audit.record({
      at: clock.now(),
      type: "logout_delivery.abandoned",
      actorId: null,
      userId,
      sessionId,
      client: null,
      details: { clientId, attempts: attempts + 1, problem },
    });
  });
}

/** Does the work for each item, so many at a time. Rejects with the first failure, once the others are done too. */
async function inParallel<Item>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const limit = pLimit(most);
  const outcomes = await Promise.allSettled(items.map((item) => limit(() => work(item))));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
