import { createServer } from "node:http";
import { createVerifier } from "@latchkey/verifier";
import { publicKeyOf, readOwnKeys } from "./own-keys.js";

const { PORT = "4003", LATCHKEY_ISSUER = "http://localhost:3000", LATCHKEY_FEED_TOKEN = "" } = process.env;

const log = (text) => console.log(`${new Date().toISOString()} ${text}`);

const keys = await readOwnKeys();
const jwks = { keys: [publicKeyOf(keys)] };
let verifier = null;

/** Its public key has to be there before Latchkey knows this service, and so before there is a feed token. */
if (LATCHKEY_FEED_TOKEN !== "") {
  verifier = createVerifier({
    profile: "high-security",
    issuer: LATCHKEY_ISSUER,
    audience: "records",
    decryptionKeys: keys,
    revocation: { feed: { token: LATCHKEY_FEED_TOKEN } },
    onRejected: (reason) => log(`refused: ${reason}`),
    onProblem: (problem) => log(problem),
  });
}

async function answerRecords(request, response) {
  // Where there are several, Node hands on the first and says nothing; together they are refused.
  const authorization = request.headersDistinct.authorization?.join();
  const result = await verifier.authenticate(authorization, { scope: "records:read" });
  if (!result.ok) {
    response.writeHead(result.status, result.headers).end(JSON.stringify(result.problem));
    return;
  }
  log(`records of ${result.claims.sub}`);
  sendJson(response, { person: result.claims.sub, records: ["Blood type 0"] });
}

function sendJson(response, body) {
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  if (request.url === "/jwks") sendJson(response, jwks);
  else if (request.url === "/records" && verifier !== null) answerRecords(request, response);
  else response.writeHead(404).end();
});

server.listen(Number(PORT), () => console.log(`Records are at http://localhost:${PORT}/records`));
process.once("SIGTERM", () => {
  verifier?.close();
  server.close();
  server.closeIdleConnections();
});
