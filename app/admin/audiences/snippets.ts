import type { Audience } from "@/lib/audiences/audience";
import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import { PROFILES } from "@/lib/tokens/profiles";

/** A complete file that runs as it is, once its packages are there and what is secret is in the environment. */
export interface Snippet {
  title: string;
  fileName: string;
  code: string;
}

/** What a service has to know to check the tokens that are made for it. */
export type ServiceFacts = Pick<Audience, "identifier" | "profile" | "algorithm" | "scope"> & {
  /** The origin of this Latchkey. */
  issuer: string;
};

/** How the service checks them: with the kit, then in another language. None holds a secret. */
export const verifierSnippets = (facts: ServiceFacts): Snippet[] => [
  { title: "Express, with the kit", fileName: "server.mjs", code: expressCode(facts) },
  { title: "Node without a framework, with the kit", fileName: "server.mjs", code: plainNodeCode(facts) },
  OTHER_LANGUAGE[facts.profile](facts),
];

/** How a page of the same origin as Latchkey asks for such a token, and shows it to the service. */
export const pageSnippet = ({ identifier }: ServiceFacts): Snippet => ({
  title: "As a module of the page",
  fileName: "service-token.js",
  code: `// Kept in memory alone: what is stored, any script of the page can take with it.
let held = null;

/** An access token for the service. It is asked for anew shortly before it expires. */
export async function serviceToken() {
  if (held !== null && Date.parse(held.expiresAt) - Date.now() > ${RENEW_BEFORE_MS}) return held.accessToken;
  const response = await fetch("/api/auth/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ audience: ${text(identifier)} }),
  });
  // 401: nobody is signed in here any more.
  if (!response.ok) throw new Error(\`No token: \${response.status}\`);
  held = await response.json();
  return held.accessToken;
}

/** As fetch, with the token. Where it is refused, as after its key was revoked, once more with another. */
export async function callService(url, options) {
  const request = new Request(url, options);
  const response = await fetchWithToken(request.clone());
  if (response.status !== 401) return response;
  held = null;
  return fetchWithToken(request);
}

async function fetchWithToken(request) {
  request.headers.set("Authorization", \`Bearer \${await serviceToken()}\`);
  return fetch(request);
}
`,
});

/** Makes the key pair of a service whose tokens are encrypted; its public part is what an administrator gives here. */
export const KEY_PAIR_SNIPPET: Snippet = {
  title: "On the service’s own machine: make its key",
  fileName: "make-decryption-key.mjs",
  code: `import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";

const { publicKey, privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "jwk" },
  privateKeyEncoding: { type: "pkcs8", format: "jwk" },
});
// Never overwrites the keys that are in use.
writeFileSync("decryption-keys.json", JSON.stringify([privateKey]), { mode: 0o600, flag: "wx" });
// The public part: give this to the administrator.
console.log(JSON.stringify(publicKey));
`,
};

/** What a verifier of another make has to check, each a sentence. */
export function checksOf({ identifier, profile, algorithm, issuer }: ServiceFacts): string[] {
  const { encryption, keySource, maxLifetimeSeconds } = PROFILES[profile];
  const isForOneAlone = encryption !== null || keySource === "audience";
  const decrypting =
    encryption === null
      ? []
      : [
          `Five parts, the header with alg ${encryption.keyManagement}, enc ${encryption.content}, cty JWT and no zip: ` +
            "decrypt it with the service’s private key. What comes out is the token to check.",
        ];
  return [
    ...decrypting,
    `Three parts, the header with alg ${algorithm} and nothing else, and typ at+jwt. Refuse a token whose header has crit, jku, jwk or x5u.`,
    keySource === "audience"
      ? "The signature: HMAC with SHA-256, the key being the secret’s text as it was shown, not decoded. Accept two secrets while one replaces the other."
      : `The signature, with the key of ${jwksUrlOf(issuer)} whose kid the header has. Keep the set for ${JWKS_MAX_AGE_SECONDS} seconds, and ask again for a kid that you do not know, at most twice a minute.`,
    `iss is ${issuer} and aud is ${identifier}, letter by letter${isForOneAlone ? "" : "; or aud is a list that has it"}.`,
    `exp, nbf, iat, jti, sub, sid and client_id are there. exp is not past, nbf and iat are not in the future (10 seconds of tolerance), and exp is at most ${maxLifetimeSeconds} seconds after iat.`,
    ...(keySource === "audience"
      ? []
      : [
          "There is no cnf: a token that has it is bound to a key, and not for whoever carries it. Refuse it, or check the proof of that key as well (RFC 9449).",
        ]),
    "Then what the route asks for: scope, role, or auth_time for a recent sign-in.",
    "A token that is revoked before its time is only known from the revocation feed, or by asking again after the lifetime above.",
  ];
}

/** Half of the shortest lifetime that an audience may have. */
const RENEW_BEFORE_MS = "30_000";

const jwksUrlOf = (issuer: string): string => `${issuer}/.well-known/jwks.json`;

/** A string of JavaScript or Python: what may be in these values needs no more than JSON. */
const text = (value: string): string => JSON.stringify(value);

/** The options of `createVerifier`, and what has to stand above them. */
const KIT: Record<
  Audience["profile"],
  { imports: string; preparing: string; own: (facts: ServiceFacts) => string }
> = {
  mesh: { imports: "", preparing: "", own: ({ algorithm }) => `  algorithm: ${text(algorithm)},\n` },
  "high-security": {
    imports: 'import { readFileSync } from "node:fs";\n',
    preparing: `// The private keys of this service, as a list of JWKs.
const keysFile = process.env.DECRYPTION_KEYS_FILE ?? "decryption-keys.json";
const decryptionKeys = JSON.parse(readFileSync(keysFile, "utf8"));

`,
    own: () => "  decryptionKeys,\n",
  },
  legacy: {
    imports: "",
    preparing: "",
    own: () => `  // As they were shown: one, or two with a comma between while the next one replaces it.
  secrets: process.env.LATCHKEY_SECRETS.split(","),
`,
  },
};

const verifierCode = (
  facts: ServiceFacts,
): string => `${KIT[facts.profile].preparing}const verifier = createVerifier({
  issuer: ${text(facts.issuer)},
  audience: ${text(facts.identifier)},
  profile: ${text(facts.profile)},
${KIT[facts.profile].own(facts)}  // The feed token that was shown once. Revoked tokens are refused within seconds.
  revocation: { feed: { token: process.env.LATCHKEY_FEED_TOKEN } },
  // What keeps the keys or the feed from being read. Without it, 503 for everybody says nothing of why.
  onProblem: (problem) => console.error(problem),
});
// Fails here, and not at the first request, where Latchkey cannot be reached.
await verifier.ready();
`;

/** The name is not ours in the npm registry: anybody could publish a package there that is called so. */
const installing = (others: string): string =>
  `// Not from the npm registry: \`npm run build:verifier\` in Latchkey's folder makes the kit.
// Then here, with the path to that folder:
// npm install ${others}../latchkey/dist/verifier`;

/** A browser asks before it sends a token to another origin, and shows the page no answer that lacks these. */
const corsCode = ({ issuer }: ServiceFacts): string =>
  `// Pages at Latchkey's origin may call this service and read its answers, refusals too. No cookie comes along.
const CORS = {
  "Access-Control-Allow-Origin": ${text(issuer)},
  "Access-Control-Allow-Headers": "Authorization, Content-Type",
  "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
  Vary: "Origin",
};
`;

/** What the example routes ask for, as JavaScript: the first word of the scope that the audience's tokens carry. */
function requirementsOf({ scope }: ServiceFacts): string {
  const [word] = scope?.split(" ") ?? [];
  return word === undefined ? "" : `, { scope: ${text(word)} }`;
}

const expressCode = (facts: ServiceFacts): string => `${installing("express ")}
${KIT[facts.profile].imports}import { createVerifier } from "@latchkey/verifier";
import { claimsOf, requireToken } from "@latchkey/verifier/express";
import express from "express";

${verifierCode(facts)}
${corsCode(facts)}
const app = express();

app.use((request, response, next) => {
  response.set(CORS);
  // The question of the browser, which has no token: before any check.
  if (request.method === "OPTIONS") response.status(204).end();
  else next();
});

app.get("/whoami", requireToken(verifier${requirementsOf(facts)}), (request, response) => {
  const { sub, role } = claimsOf(request);
  response.json({ sub, role });
});

app.listen(Number(process.env.PORT ?? 8080));
`;

const plainNodeCode = (facts: ServiceFacts): string => `${installing("")}
${KIT[facts.profile].imports}import { createServer } from "node:http";
import { createVerifier } from "@latchkey/verifier";

${verifierCode(facts)}
${corsCode(facts)}
const server = createServer(async (request, response) => {
  response.setHeaders(new Map(Object.entries(CORS)));
  // The question of the browser, which has no token: before any check.
  if (request.method === "OPTIONS") {
    response.writeHead(204).end();
    return;
  }
  // Where there are several, Node hands on the first and says nothing; together they are refused.
  const authorization = request.headersDistinct.authorization?.join();
  const result = await verifier.authenticate(authorization${requirementsOf(facts)});
  if (!result.ok) {
    response.writeHead(result.status, result.headers).end(JSON.stringify(result.problem));
    return;
  }
  const { sub, role } = result.claims;
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ sub, role }));
});

server.listen(Number(process.env.PORT ?? 8080));
`;

/** By a well-known library that knows nothing of Latchkey. Each reads a token from standard input and prints `sub`. */
const OTHER_LANGUAGE: Record<Audience["profile"], (facts: ServiceFacts) => Snippet> = {
  mesh: (facts) => ({ title: "Python, with PyJWT", fileName: "check_token.py", code: pythonJwksCode(facts) }),
  "high-security": (facts) => ({
    title: "Python, with joserfc",
    fileName: "check_token.py",
    code: pythonNestedCode(facts),
  }),
  legacy: (facts) => ({
    title: "Node, with jsonwebtoken and the shared secret",
    fileName: "check-token.mjs",
    code: jsonwebtokenCode(facts),
  }),
};

const pythonJwksCode = (facts: ServiceFacts): string => `# pip install "pyjwt[crypto]>=2.15.1"
import math
import sys
import time

import jwt

ISSUER = ${text(facts.issuer)}
AUDIENCE = ${text(facts.identifier)}
REQUIRED = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "client_id"]


class PublishedKeys(jwt.PyJWKClient):
    """Rests after a fetch that failed: everybody waits for each, and PyJWT itself counts those that succeed alone."""

    failed_at = -math.inf

    def fetch_data(self):
        if time.monotonic() - self.failed_at < 5:
            raise jwt.PyJWKClientConnectionError("the keys could not be had a moment ago")
        try:
            return super().fetch_data()
        except Exception as error:
            self.failed_at = time.monotonic()
            # Whatever it is, a proxy's page or an empty set: none of it is the token's fault.
            raise jwt.PyJWKClientConnectionError("the keys cannot be read") from error


# One for the whole process. Tokens with an unknown kid make it ask again, at most every 30 seconds.
keys = PublishedKeys(
    f"{ISSUER}/.well-known/jwks.json",
    headers={"Cache-Control": "no-cache"},
    lifespan=${JWKS_MAX_AGE_SECONDS},
    timeout=5,
    cooldown_duration=30,
)


def claims_of(token):
    """The claims of a valid token; raises jwt.PyJWTError for any other.

    jwt.PyJWKClientConnectionError says nothing of the token: the keys cannot be had. Answer it with 503.
    """
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=[${text(facts.algorithm)}],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=10,
        options={"require": REQUIRED},
    )
    if "cnf" in claims:
        raise jwt.InvalidTokenError("bound to a key, which must be proven as well")
    return claims


if __name__ == "__main__":
    print(claims_of(sys.stdin.read().strip())["sub"])
`;

const pythonNestedCode = (facts: ServiceFacts): string => `# pip install joserfc
import json
import os
import sys
import urllib.request

from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

ISSUER = ${text(facts.issuer)}
AUDIENCE = ${text(facts.identifier)}
KEYS_FILE = os.environ.get("DECRYPTION_KEYS_FILE", "decryption-keys.json")

with open(KEYS_FILE) as file:
    own_keys = [ECKey.import_key(key) for key in json.load(file)]


def published_keys():
    """Keep what this returns for ${JWKS_MAX_AGE_SECONDS} seconds; ask again for an unknown kid, at most every 30 seconds."""
    request = urllib.request.Request(f"{ISSUER}/.well-known/jwks.json", headers={"Cache-Control": "no-cache"})
    with urllib.request.urlopen(request, timeout=5) as response:
        return KeySet.import_key_set(json.load(response))


def decrypt(token):
    for key in own_keys:
        try:
            opened = jwe.decrypt_compact(token, key, algorithms=["ECDH-ES+A256KW", "A256GCM"])
        except (JoseError, ValueError):
            continue
        if opened.protected.get("cty") == "JWT" and "zip" not in opened.protected:
            return opened.plaintext.decode()
    raise ValueError("not a token for this service")


def claims_of(token, keys):
    """The claims of a valid token; raises JoseError or ValueError for any other."""
    signed = jwt.decode(decrypt(token), keys, algorithms=[${text(facts.algorithm)}])
    if signed.header.get("typ") != "at+jwt":
        raise ValueError("not an access token")
    jwt.JWTClaimsRegistry(
        leeway=10,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        exp={"essential": True},
        nbf={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
        sid={"essential": True},
        client_id={"essential": True},
    ).validate(signed.claims)
    if "cnf" in signed.claims:
        raise ValueError("bound to a key, which must be proven as well")
    return signed.claims


if __name__ == "__main__":
    print(claims_of(sys.stdin.read().strip(), published_keys())["sub"])
`;

const jsonwebtokenCode = (facts: ServiceFacts): string => `// npm install jsonwebtoken
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import jwt from "jsonwebtoken";

// As they were shown: one, or two with a comma between while the next one replaces it.
const secrets = process.env.LATCHKEY_SECRETS.split(",");
const REQUIRED = ["sub", "exp", "nbf", "iat", "jti", "sid", "client_id"];

/** The claims of a valid token; throws for any other. */
export function claimsOf(token) {
  const { header, payload } = verifyWithAny(token);
  if (header.typ !== "at+jwt") throw new Error("not an access token");
  if (payload.aud !== ${text(facts.identifier)}) throw new Error("not for this service");
  if (!REQUIRED.every((claim) => claim in payload)) throw new Error("a claim is missing");
  return payload;
}

function verifyWithAny(token) {
  const options = {
    algorithms: ["HS256"],
    issuer: ${text(facts.issuer)},
    audience: ${text(facts.identifier)},
    clockTolerance: 10,
    complete: true,
  };
  let failure;
  for (const secret of secrets) {
    try {
      return jwt.verify(token, secret, options);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(claimsOf(readFileSync(0, "utf8").trim()).sub);
}
`;
