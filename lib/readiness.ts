import type { Services } from "./services";

type PartState = "ok" | "unavailable";

/** Whether each part that a request needs answers now: the database, the key that signs, and the denylist. */
export async function readiness({
  stores,
  keyring,
  denylist,
}: Pick<Services, "stores" | "keyring" | "denylist">): Promise<
  Record<"database" | "keys" | "denylist", PartState>
> {
  const [database, keys, denials] = await Promise.all([
    stateOf(() => stores.ping()),
    stateOf(async () => keyring.signer),
    stateOf(() => denylist.isDenied({ jti: "readiness", sid: "readiness" })),
  ]);
  return { database, keys, denylist: denials };
}

async function stateOf(check: () => Promise<unknown>): Promise<PartState> {
  try {
    await check();
    return "ok";
  } catch {
    return "unavailable";
  }
}
