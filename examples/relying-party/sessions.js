import { randomBytes } from "node:crypto";
import { clearCookie, readCookie, setCookie } from "./cookies.js";

const COOKIE = "__Host-session";
const MAX_SECONDS = 8 * 3600;

/** By their ids, which the cookies hold. In memory: everybody signs in again after a restart. */
const sessions = new Map();

/** Always a new id: nobody can plant one and wait until somebody signs in with it. */
export function openSession(response, person) {
  const id = randomBytes(32).toString("base64url");
  sessions.set(id, person);
  setTimeout(() => sessions.delete(id), MAX_SECONDS * 1000).unref();
  setCookie(response, COOKIE, id);
}

/** Null when nobody is signed in. */
export const findSession = (request) => sessions.get(readCookie(request, COOKIE)) ?? null;

/** Ends the session of this browser, and returns what it was, or null. */
export function closeSession(request, response) {
  const session = findSession(request);
  sessions.delete(readCookie(request, COOKIE));
  clearCookie(response, COOKIE);
  return session;
}

/** Ends those that came from one session of Latchkey's, or without `sid` all of a person. Returns how many. */
export function endSessions({ sid, sub }) {
  const isOver = (session) => (sid === undefined ? session.sub === sub : session.sid === sid);
  const over = [...sessions].filter(([, session]) => isOver(session));
  for (const [id] of over) sessions.delete(id);
  return over.length;
}
