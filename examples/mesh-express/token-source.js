/** A token is asked for anew when it has less than this left. */
const MIN_LEFT_MS = 30_000;

/**
 * Gets tokens for a service, as a page at Latchkey's own origin does: its session cookie goes along by itself. The token
 * stays in memory alone, never in localStorage. Runs in a browser as it is; elsewhere `fetch`, by which Latchkey is
 * asked, may be replaced.
 */
export function createTokenSource(audience, { url = "/api/auth/token", fetch = globalThis.fetch } = {}) {
  let held = null;

  async function ask() {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ audience }),
    });
    if (!answer.ok) throw new Error(`No token: Latchkey answers ${answer.status}.`);
    return answer.json();
  }

  /** Rejects when nobody is signed in. */
  async function get() {
    if (held === null || Date.parse(held.expiresAt) - Date.now() < MIN_LEFT_MS) held = await ask();
    return held.accessToken;
  }

  async function fetchWithToken(request) {
    request.headers.set("Authorization", `Bearer ${await get()}`);
    return globalThis.fetch(request);
  }

  return {
    get,

    /** As `fetch`, with a token. Where it is refused, as after its key was revoked, once more with another. */
    async call(address, init) {
      const request = new Request(address, init);
      const answer = await fetchWithToken(request.clone());
      if (answer.status !== 401) return answer;
      held = null;
      return fetchWithToken(request);
    },
  };
}
