import { createVerifier } from "@latchkey/verifier";
import { dpop } from "@latchkey/verifier/dpop";
import { claimsOf, requireToken } from "@latchkey/verifier/express";
import express from "express";

const {
  PORT = "4005",
  PUBLIC_URL = `http://localhost:${PORT}`,
  LATCHKEY_ISSUER = "http://localhost:3000",
  LATCHKEY_FEED_TOKEN = "",
} = process.env;

const log = (text) => console.log(`${new Date().toISOString()} ${text}`);

const verifier = createVerifier({
  profile: "mesh",
  issuer: LATCHKEY_ISSUER,
  audience: "orders",
  revocation: { feed: { token: LATCHKEY_FEED_TOKEN } },
  dpop: dpop({ publicUrl: PUBLIC_URL }),
  onRejected: (reason) => log(`refused: ${reason}`),
  onProblem: (problem) => log(problem),
});

const app = express();

app.get("/orders", requireToken(verifier, { scope: "orders:read" }), requireBound, (request, response) => {
  const { sub, client_id } = claimsOf(request);
  // Of a program's own token they are the same; no person's id is a client's.
  const caller = sub === client_id ? "a service" : "a person";
  log(`orders for ${caller}, ${sub}`);
  response.json({ orders: [{ id: 1, total: 1200 }] });
});

/** Here nobody gets in with a token that works for whoever has it. */
function requireBound(request, response, next) {
  if (claimsOf(request).cnf !== undefined) next();
  else response.status(401).set("WWW-Authenticate", 'DPoP error="invalid_token"').end();
}

const server = app.listen(Number(PORT), () => console.log(`Orders are at http://localhost:${PORT}/orders`));
process.once("SIGTERM", () => {
  verifier.close();
  server.close();
  server.closeIdleConnections();
});
