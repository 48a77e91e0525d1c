import { services } from "@/lib/services";

const MAX_KNOWN = 20;

/** Identifiers of services to choose from: the newest, where there are many. */
export async function knownAudiences(): Promise<string[]> {
  const { items } = await services().stores.audiences.list({ limit: MAX_KNOWN, cursor: null });
  return items.map(({ identifier }) => identifier);
}
