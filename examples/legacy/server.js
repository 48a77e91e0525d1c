import { createServer } from "node:http";
import jwt from "jsonwebtoken";

const { PORT = "4004", LATCHKEY_ISSUER = "http://localhost:3000", LATCHKEY_SECRETS = "" } = process.env;

/** One secret, or two separated by a comma while the former one is being replaced. */
const secrets = LATCHKEY_SECRETS.split(",").filter((secret) => secret !== "");
if (secrets.length === 0) throw new Error("Set LATCHKEY_SECRETS to the secret that Latchkey showed.");

/** `algorithms`, `issuer` and `audience` are not optional: without them other tokens are accepted too. */
const RULES = { algorithms: ["HS256"], issuer: LATCHKEY_ISSUER, audience: "reports", clockTolerance: 10 };

/** The claims of a valid token, or null. */
function verify(token) {
  for (const secret of secrets) {
    try {
      return jwt.verify(token, secret, RULES);
    } catch {
      // Not by this secret, or not valid at all.
    }
  }
  return null;
}

const server = createServer((request, response) => {
  // Where there are several, Node hands on the first and says nothing; together they are no token.
  const authorization = request.headersDistinct.authorization?.join() ?? "";
  const [, token = ""] = /^Bearer ([\w.-]+)$/i.exec(authorization) ?? [];
  const claims = verify(token);
  if (claims === null) {
    const challenge = token === "" ? "Bearer" : 'Bearer error="invalid_token"';
    response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    return;
  }
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify({ person: claims.sub, reports: ["2026-10", "2026-11"] }));
});

server.listen(Number(PORT), () => console.log(`Reports are at http://localhost:${PORT}`));
process.once("SIGTERM", () => server.close());
