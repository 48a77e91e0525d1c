import { createVerifier } from "@latchkey/verifier";
import { claimsOf, requireToken } from "@latchkey/verifier/express";
import express from "express";

const {
  PORT = "4001",
  LATCHKEY_ISSUER = "http://localhost:3000",
  LATCHKEY_FEED_TOKEN = "",
  MAX_STALENESS_SECONDS = "30",
} = process.env;

const log = (text) => console.log(`${new Date().toISOString()} ${text}`);

const verifier = createVerifier({
  profile: "mesh",
  issuer: LATCHKEY_ISSUER,
  audience: "orders",
  revocation: {
    feed: { token: LATCHKEY_FEED_TOKEN, maxStalenessSeconds: Number(MAX_STALENESS_SECONDS) },
  },
  onRejected: (reason) => log(`refused: ${reason}`),
  onProblem: (problem) => log(problem),
});

const app = express();

app.get("/orders", requireToken(verifier, { scope: "orders:read" }), (request, response) => {
  const { sub } = claimsOf(request);
  log(`orders of ${sub}`);
  response.json({ person: sub, orders: [{ id: 1, item: "A brass key" }] });
});

app.post("/orders", requireToken(verifier, { scope: "orders:write" }), (_request, response) => {
  response.status(201).json({ id: 2 });
});

/** Only for somebody who has proved who they are in the last five minutes. */
const refundRules = { scope: "orders:read", maxAgeSeconds: 300 };
app.post("/orders/1/refund", requireToken(verifier, refundRules), (_request, response) => {
  response.json({ refunded: true });
});

const server = app.listen(Number(PORT), () => console.log(`Orders are at http://localhost:${PORT}/orders`));
process.once("SIGTERM", () => {
  verifier.close();
  server.close();
  server.closeIdleConnections();
});
