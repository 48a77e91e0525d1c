import { randomUUID } from "node:crypto";
import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEventType, Client } from "@/lib/audit/events";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { addressBucket } from "@/lib/policy/client-address";
import type { Credentials } from "@/lib/sessions/credentials";
import type { Role } from "@/lib/sessions/session";
import { requireGoodPassword } from "./credentials-input";
import type { IdentityDependencies } from "./dependencies";
import { createLink, type IssuedLink, requireLink } from "./one-time-links";
import { requireAttempt } from "./rate-limiter";
import { replaceSession, type SignInInput } from "./sign-in";
import type { NewUser, User, UserStore } from "./user-store";

/**
 * Signs a new person up and in. Throws `signup_closed` unless SIGNUP is open, `invalid_request` for a password that
 * may not be chosen, `email_taken` (after the work of hashing), `rate_limited`.
 */
export async function signUp(
  deps: IdentityDependencies,
  input: SignInInput,
  client: Client,
  replacedSessionId: string | null,
): Promise<Credentials> {
  if (deps.signup !== "open") throw new LatchkeyError("signup_closed");
  await requireAttempt(deps.rateLimiter, "signUpByAddress", addressBucket(client.ip));
  requireGoodPassword("password", input.password, input.email);
  const person = await newUser(deps, input.email, "user", input.password);
  const actor = { userId: person.id, sessionId: null, client };
  const user = await addUser(deps, "user.signed_up", actor, (users) => users.insert(person));
  if (user === null) throw new LatchkeyError("email_taken");
  return replaceSession(deps, user, client, replacedSessionId);
}

/** Creates the first administrator of an empty database through the printed link, and signs them in. */
export async function setUpFirstAdministrator(
  deps: IdentityDependencies,
  linkToken: string,
  input: SignInInput,
  client: Client,
): Promise<Credentials> {
  await requireLink(deps, linkToken, ["setup"], client);
  const user = await createFirstAdministrator(deps, input, { userId: null, sessionId: null, client });
  if (user === null) throw new LatchkeyError("invalid_link");
  return replaceSession(deps, user, client, null);
}

/** Creates the first person, an administrator, or returns null when somebody exists already. */
export async function createFirstAdministrator(
  deps: IdentityDependencies,
  input: SignInInput,
  actor: Actor,
): Promise<User | null> {
  requireGoodPassword("password", input.password, input.email);
  const person = await newUser(deps, input.email, "admin", input.password);
  return addUser(deps, "user.created", actor, (users) => users.insertFirst(person));
}

/** Creates an administrator with a password, from the command line. Throws `email_taken`. */
export const createAdministrator = (
  deps: IdentityDependencies,
  input: SignInInput,
  actor: Actor,
): Promise<User> => createPerson(deps, input, "admin", actor);

/** Creates a person with a password, from the command line. Throws `email_taken`. */
export async function createPerson(
  deps: IdentityDependencies,
  input: SignInInput,
  role: Role,
  actor: Actor,
): Promise<User> {
  requireGoodPassword("password", input.password, input.email);
  const person = await newUser(deps, input.email, role, input.password);
  const user = await addUser(deps, "user.created", actor, (users) => users.insert(person));
  if (user === null) throw new LatchkeyError("email_taken");
  return user;
}

/** Creates a person without a password, and the link with which they choose one. Throws `email_taken`. */
export async function inviteUser(
  deps: IdentityDependencies,
  input: { email: string; role: Role; name: string | null },
  actor: Actor,
): Promise<{ user: User; link: IssuedLink }> {
  const person = { ...(await newUser(deps, input.email, input.role, null)), name: input.name };
  const user = await addUser(deps, "user.created", actor, (users) => users.insert(person));
  if (user === null) throw new LatchkeyError("email_taken");
  return { user, link: await createLink(deps, "invitation", user, actor) };
}

async function newUser(
  deps: IdentityDependencies,
  email: string,
  role: Role,
  password: string | null,
): Promise<NewUser> {
  const passwordHash = password === null ? null : await deps.hasher.hash(password);
  return { id: randomUUID(), email, name: null, role, passwordHash, createdAt: deps.clock.now() };
}

/** The person and the event, both or neither. Null when `insert` finds the place taken. */
function addUser(
  deps: IdentityDependencies,
  type: Extract<AuditEventType, "user.created" | "user.signed_up">,
  actor: Actor,
  insert: (users: UserStore) => Promise<User | null>,
): Promise<User | null> {
  return deps.atomically(async (stores) => {
    const user = await insert(stores.users);
    if (user === null) return null;
    const { id: userId, role, createdAt: at } = user;
    await stores.audit.record({ at, type, userId, ...doneBy(actor), details: { role } });
    return user;
  });
}
