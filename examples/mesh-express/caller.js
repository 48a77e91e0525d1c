import { createTokenSource } from "./token-source.js";

/** What a signed-in page does, without a browser: signs in, gets a token for the service, and calls it. */
const {
  EMAIL,
  PASSWORD,
  LATCHKEY_ISSUER = "http://localhost:3000",
  SERVICE = "http://localhost:4001",
} = process.env;

const cookies = new Map();

/** `fetch` with what a browser adds: the cookies, and the origin of the page. */
async function browserFetch(path, init) {
  const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
  const headers = { ...init.headers, Cookie: cookie, Origin: LATCHKEY_ISSUER };
  const answer = await fetch(new URL(path, LATCHKEY_ISSUER), { ...init, headers });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    cookies.set(name, value);
  }
  return answer;
}

const signIn = await browserFetch("/api/auth/login", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
});
if (!signIn.ok) throw new Error(`Not signed in: ${(await signIn.json()).title}`);

const tokens = createTokenSource("orders", { fetch: browserFetch });
const answer = await tokens.call(`${SERVICE}/orders`);
console.log(answer.status, await answer.text());
await browserFetch("/api/auth/logout", { method: "POST" });
