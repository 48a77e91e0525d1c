import { randomUUID } from "node:crypto";
import { describeGrants } from "./testing/grants-contract";
import { InMemoryDenialStore } from "./testing/in-memory-denial-store";
import { InMemorySessionStore } from "./testing/in-memory-session-store";
import { describeSessionEnding } from "./testing/session-ending-contract";
import { ADA } from "./testing/session-harness";
import { describeSessionListing } from "./testing/session-listing-contract";
import { describeSessionStore, type SessionStoreSubject } from "./testing/session-store-contract";

/** The double that the other tests stand on keeps the contract of the real one. */
async function open(): Promise<SessionStoreSubject> {
  const denials = new InMemoryDenialStore();
  const store = new InMemorySessionStore(denials);
  return {
    store,
    denials,
    addUser: async (overrides) => {
      const id = randomUUID();
      const user = { ...ADA, id, email: `${id}@example.test`, name: null, ...overrides };
      store.users.set(user.id, user);
      return user;
    },
    addClient: async () => `client_${randomUUID()}`,
    toldOf: async () => store.told,
    readEvents: async () => store.events,
  };
}

describeSessionStore("sessions in memory", open);
describeSessionEnding("ending sessions in memory", open);
describeSessionListing("lists of sessions in memory", open);
describeGrants("grants in memory", open);
