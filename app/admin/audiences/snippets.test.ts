import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from "vitest";
import { type RunningProcess, startNode } from "@/e2e/support/running-process";
import { checksOf, KEY_PAIR_SNIPPET, pageSnippet, type ServiceFacts, verifierSnippets } from "./snippets";

const MESH: ServiceFacts = {
  issuer: "https://login.example.com",
  identifier: "https://orders.example/v1",
  profile: "mesh",
  algorithm: "EdDSA",
  scope: "orders:read orders:write",
};
const HIGH: ServiceFacts = { ...MESH, profile: "high-security", algorithm: "ES256" };
const LEGACY: ServiceFacts = { ...MESH, profile: "legacy", algorithm: "HS256", scope: null };
/** Every character that a scope may have and a program may trip over. */
const ODD: ServiceFacts = { ...MESH, scope: ["'`$", "{x}*/<!--%s#{y}"].join("") };

const EVERY = [MESH, HIGH, LEGACY, ODD].flatMap((facts) =>
  [...verifierSnippets(facts), pageSnippet(facts)].map((snippet) => ({ facts, snippet })),
);
const JAVASCRIPT = [...EVERY.map(({ snippet }) => snippet), KEY_PAIR_SNIPPET].filter(({ fileName }) =>
  /\.m?js$/.test(fileName),
);

const kitSnippets = (facts: ServiceFacts) =>
  verifierSnippets(facts).filter(({ code }) => code.includes("@latchkey/verifier"));

const pythonOf = (facts: ServiceFacts): string =>
  verifierSnippets(facts).find(({ fileName }) => fileName === "check_token.py")?.code ?? "";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-snippets-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllGlobals());

let written = 0;
/** As the file that it is to be, in a folder with nothing else. */
function write(code: string): string {
  written += 1;
  const path = join(folder, `snippet-${written}.mjs`);
  writeFileSync(path, code);
  return path;
}

/** Ended by itself in the end: no limit of a test ends a process while this one waits for it. */
const run = (command: string, parameters: string[], cwd = folder) =>
  spawnSync(command, parameters, { cwd, encoding: "utf8", timeout: 30_000, killSignal: "SIGKILL" });

test.each(JAVASCRIPT)("$fileName is a whole file that Node can read", ({ code }) => {
  const { status, stderr } = run(process.execPath, ["--check", write(code)]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(code).toMatch(/\n$/);
});

test.each(EVERY)("$snippet.title has the values of its service", ({ facts, snippet: { fileName, code } }) => {
  expect(code).toContain(JSON.stringify(facts.identifier));
  if (fileName !== "service-token.js") expect(code).toContain(JSON.stringify(facts.issuer));
});

describe("with the kit", () => {
  it.each([
    [MESH, ['profile: "mesh"', 'algorithm: "EdDSA"', '{ scope: "orders:read" }']],
    [HIGH, ['profile: "high-security"', "  decryptionKeys,"]],
    [LEGACY, ['profile: "legacy"', 'secrets: process.env.LATCHKEY_SECRETS.split(",")']],
  ])("says what $profile needs to know, and reads the feed", (facts, lines) => {
    const snippets = kitSnippets(facts);
    expect(snippets).toHaveLength(2);
    for (const { code } of snippets) {
      for (const line of lines) expect(code).toContain(line);
      expect(code).toContain("revocation: { feed: { token: process.env.LATCHKEY_FEED_TOKEN } }");
    }
  });

  it("asks for no scope where the tokens have none, and for no algorithm where there is no choice", () => {
    for (const { code } of kitSnippets(LEGACY)) expect(code).not.toMatch(/scope|algorithm/);
  });

  it.each([MESH, HIGH, LEGACY])(
    "has the kit made, and takes none from the registry, for $profile",
    (facts) => {
      for (const { code } of kitSnippets(facts)) {
        expect(code).toContain("npm run build:verifier");
        expect(code).toMatch(/^\/\/ npm install (express )?\.\.\/latchkey\/dist\/verifier$/m);
        expect(code).not.toMatch(/npm install.*@latchkey/);
      }
    },
  );

  it.each([MESH, HIGH, LEGACY])("logs what keeps the kit from knowing, for $profile", (facts) => {
    for (const { code } of kitSnippets(facts)) {
      expect(code).toContain("  onProblem: (problem) => console.error(problem),\n");
    }
  });
});

describe("a service with the kit", () => {
  /** In place of the kit's core: has a problem, and refuses everybody with the header that it was given. */
  const KIT = `const refuse = async (header) => ({
    ok: false,
    status: 401,
    headers: { "WWW-Authenticate": "Bearer" },
    problem: { header },
  });
  export const createVerifier = ({ onProblem }) => ({
    ready: async () => onProblem?.("The feed is away."),
    authenticate: refuse,
    guard: () => refuse,
  });`;
  const PROJECT = join(import.meta.dirname, "../../..");

  beforeAll(async () => {
    const packageFolder = join(folder, "node_modules/@latchkey/verifier");
    mkdirSync(packageFolder, { recursive: true });
    writeFileSync(join(packageFolder, "index.mjs"), KIT);
    const exports = { ".": "./index.mjs", "./express": "./express.mjs" };
    writeFileSync(join(packageFolder, "package.json"), JSON.stringify({ exports }));
    await build({
      entryPoints: [join(PROJECT, "lib/verifier/express.ts")],
      outfile: join(packageFolder, "express.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
    });
    symlinkSync(join(PROJECT, "node_modules/express"), join(folder, "node_modules/express"));
  });

  describe.each(kitSnippets(MESH))("$title", ({ code }) => {
    let service: RunningProcess;
    let port: number;
    beforeAll(async () => {
      const named = code.replace(/^app\.listen/m, "const server = app.listen");
      const telling = 'server.once("listening", () => console.log("at", server.address().port));\n';
      service = startNode([write(named + telling)], { PORT: "0" });
      port = Number((await service.untilOutput(/^at (\d+)$/m))[1]);
    });
    afterAll(() => service.signal("SIGKILL"));

    const allowed = { "access-control-allow-origin": MESH.issuer, vary: "Origin" };

    async function ask(method: string, headers: Record<string, string | string[]>) {
      const asking = request({ port, host: "127.0.0.1", path: "/whoami", method, headers }).end();
      const [response] = (await once(asking, "response")) as [IncomingMessage];
      return { response, body: await text(response) };
    }

    it("logs what the kit says", () => {
      expect(service.output()).toContain("The feed is away.\n");
    });

    it("tells the browser that a page of the issuer may send a token", async () => {
      const { response } = await ask("OPTIONS", {
        Origin: MESH.issuer,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type",
      });
      expect(response.statusCode).toBe(204);
      expect(response.headers).toMatchObject(allowed);
      expect(response.headers["access-control-allow-headers"]).toBe("Authorization, Content-Type");
      expect(response.headers["access-control-allow-methods"]).toContain("PUT");
    });

    it("shows the kit every Authorization header there is, and lets such a page read the refusal", async () => {
      const { response, body } = await ask("GET", {
        Origin: MESH.issuer,
        Authorization: ["Bearer one", "Bearer two"],
      });
      expect(response.statusCode).toBe(401);
      expect(response.headers).toMatchObject({ ...allowed, "www-authenticate": "Bearer" });
      expect(JSON.parse(body)).toEqual({ header: "Bearer one,Bearer two" });
    });

    it.each(["OPTIONS", "GET"])("lets no other page in by %s, and none with cookies", async (method) => {
      const { response } = await ask(method, { Origin: "https://elsewhere.example" });
      expect(response.headers).toMatchObject(allowed);
      expect(response.headers).not.toHaveProperty("access-control-allow-credentials");
    });
  });
});

describe("what to check", () => {
  it.each([
    [MESH, 7],
    [HIGH, 8],
    [LEGACY, 6],
  ])("is one sentence or more a point, for $profile", (facts, count) => {
    const checks = checksOf(facts);
    expect(checks).toHaveLength(count);
    for (const check of checks) expect(check).toMatch(/^[A-Za-z].+\.$/);
    const all = checks.join(" ");
    for (const word of [facts.algorithm, facts.issuer, facts.identifier]) expect(all).toContain(word);
  });

  it("names the bound of each profile, and where its keys are", () => {
    expect(checksOf(MESH).join(" ")).toContain("at most 900 seconds after iat");
    expect(checksOf(HIGH).join(" ")).toContain("at most 300 seconds after iat");
    expect(checksOf(HIGH)[0]).toMatch(/ECDH-ES\+A256KW.+A256GCM.+JWT/);
    expect(checksOf(MESH).join(" ")).toContain("https://login.example.com/.well-known/jwks.json");
    expect(checksOf(LEGACY).join(" ")).not.toContain("jwks.json");
  });

  it("has a token for userinfo too where there may be one, and refuses one that is bound to a key", () => {
    const list = `aud is ${MESH.identifier}, letter by letter; or aud is a list that has it.`;
    expect(checksOf(MESH).join(" ")).toContain(list);
    for (const facts of [HIGH, LEGACY]) expect(checksOf(facts).join(" ")).not.toContain("a list");
    for (const facts of [MESH, HIGH]) expect(checksOf(facts).join(" ")).toContain("There is no cnf:");
  });

  it("has a header refused for what it must not have", () => {
    for (const facts of [MESH, HIGH, LEGACY]) {
      expect(checksOf(facts).join(" ")).toContain("Refuse a token whose header has crit, jku, jwk or x5u.");
    }
  });

  it("is done in Python too", () => {
    expect(pythonOf(MESH)).toMatch(/if "cnf" in claims:\n +raise jwt\.InvalidTokenError/);
    expect(pythonOf(HIGH)).toMatch(/if "cnf" in signed\.claims:\n +raise ValueError/);
    expect(pythonOf(MESH)).not.toContain("strict_aud");
    expect(pythonOf(MESH)).toMatch(/timeout=5,\n +cooldown_duration=30,/);
  });
});

/** Where there is Python. */
const describeInPython = run("python3", ["--version"], tmpdir()).status === 0 ? describe : () => {};

describeInPython("in Python", () => {
  /** In place of PyJWT: fetches as its client does, and counts how often. */
  const PYJWT = `class PyJWTError(Exception):
    pass


class PyJWKSetError(PyJWTError):
    pass


class PyJWKClientConnectionError(PyJWTError):
    pass


class PyJWKClient:
    failure = None
    fetches = 0

    def __init__(self, uri, headers, lifespan, timeout, cooldown_duration):
        self.cooldown_duration = cooldown_duration

    def fetch_data(self):
        self.fetches += 1
        if self.failure is not None:
            raise self.failure
        return {"keys": []}
`;

  const inPython = (own: string, code: string) => run("python3", ["-B", "-c", code], own);

  function writePython(facts: ServiceFacts): string {
    written += 1;
    const own = join(folder, `python-${written}`);
    mkdirSync(own);
    writeFileSync(join(own, "check_token.py"), pythonOf(facts));
    writeFileSync(join(own, "jwt.py"), PYJWT);
    return own;
  }

  /** What a program beside the snippet prints. */
  function linesOf(program: string): string[] {
    const { stdout, stderr } = inPython(writePython(MESH), program);
    expect(stderr).toBe("");
    return stdout.trim().split("\n");
  }

  it.each([MESH, HIGH, ODD])("is a whole file that Python can read, for $profile", (facts) => {
    const reading = inPython(writePython(facts), 'compile(open("check_token.py").read(), "file", "exec")');
    expect(reading).toMatchObject({ status: 0, stderr: "" });
  });

  it("asks for the keys once in five seconds while they cannot be had, and whenever else it is due", () => {
    const lines = linesOf(`import time

import jwt
from check_token import keys

def outcome_at(now, is_away):
    time.monotonic = lambda: now
    keys.failure = jwt.PyJWKClientConnectionError("away") if is_away else None
    try:
        keys.fetch_data()
        return f"{now} fetched {keys.fetches}"
    except jwt.PyJWKClientConnectionError:
        return f"{now} refused {keys.fetches}"

for now, is_away in [(5, False), (6, True), (7, True), (10, False), (11, False), (12, False)]:
    print(outcome_at(now, is_away))
`);
    expect(lines).toEqual([
      "5 fetched 1",
      "6 refused 2",
      "7 refused 2",
      "10 refused 2",
      "11 fetched 3",
      "12 fetched 4",
    ]);
  });

  it("says that the keys cannot be had, whatever keeps them away, and rests after it", () => {
    const lines = linesOf(`import json

import jwt
from check_token import PublishedKeys

def fetch(failure):
    keys = PublishedKeys("", headers={}, lifespan=0, timeout=0, cooldown_duration=0)
    keys.failure = failure
    try:
        keys.fetch_data()
    except jwt.PyJWTError as error:
        print(type(error).__name__, "from", type(error.__cause__).__name__)
    keys.failure = None
    try:
        keys.fetch_data()
    except jwt.PyJWKClientConnectionError:
        print("rests after", keys.fetches)

fetch(jwt.PyJWKSetError("no keys"))
fetch(json.JSONDecodeError("a page", "<html>", 0))
fetch(ConnectionResetError())
`);
    expect(lines).toEqual([
      "PyJWKClientConnectionError from PyJWKSetError",
      "rests after 1",
      "PyJWKClientConnectionError from JSONDecodeError",
      "rests after 1",
      "PyJWKClientConnectionError from ConnectionResetError",
      "rests after 1",
    ]);
  });
});

describe("in a page", () => {
  interface PageModule {
    serviceToken(): Promise<string>;
    callService(url: string, options?: RequestInit): Promise<Response>;
  }

  const ORDERS = "https://orders.example/v1/orders";

  const load = (): Promise<PageModule> =>
    import(/* @vite-ignore */ pathToFileURL(write(pageSnippet(MESH).code)).href);

  /** Answers like the issuer, with a new token each time, good for so long. */
  function answerWith(lifetimeMs: number, status = 200) {
    const calls: [string, RequestInit | undefined][] = [];
    vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
      calls.push([url, init]);
      const expiresAt = new Date(Date.now() + lifetimeMs).toISOString();
      return Response.json({ accessToken: `token-${calls.length}`, expiresAt }, { status });
    });
    return calls;
  }

  it("asks once, and again when the token is about to expire", async () => {
    const { serviceToken } = await load();
    const calls = answerWith(31_000);
    expect([await serviceToken(), await serviceToken()]).toEqual(["token-1", "token-1"]);
    expect(calls).toEqual([
      [
        "/api/auth/token",
        {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ audience: MESH.identifier }),
        },
      ],
    ]);
    const short = await load();
    answerWith(29_000);
    expect([await short.serviceToken(), await short.serviceToken()]).toEqual(["token-1", "token-2"]);
  });

  /** Answers like the issuer, with a new token each time, and like a service that takes those of `accepted`. */
  function answerAsBoth(accepted: readonly string[]) {
    const calls: { method: string; headers: object; body: string }[] = [];
    let issued = 0;
    vi.stubGlobal("fetch", async (asked: string | Request) => {
      if (typeof asked === "string") {
        issued += 1;
        const expiresAt = new Date(Date.now() + 600_000).toISOString();
        return Response.json({ accessToken: `token-${issued}`, expiresAt });
      }
      const headers = Object.fromEntries(asked.headers);
      calls.push({ method: asked.method, headers, body: await asked.text() });
      const isAccepted = accepted.some((token) => headers.authorization === `Bearer ${token}`);
      return new Response(null, { status: isAccepted ? 200 : 401 });
    });
    return calls;
  }

  it("shows the token to the service, beside the caller's own headers", async () => {
    const { callService } = await load();
    const calls = answerAsBoth(["token-1"]);
    const { status } = await callService(ORDERS, { method: "PUT", headers: { "X-Own": "1" } });
    expect(status).toBe(200);
    const headers = { authorization: "Bearer token-1", "x-own": "1" };
    expect(calls).toEqual([{ method: "PUT", headers, body: "" }]);
  });

  it.each([
    ["a text", () => "two"],
    ["a stream", () => new Blob(["two"]).stream()],
  ])(
    "calls once more with another token where the first is refused, with %s as the body",
    async (_, body) => {
      const { callService } = await load();
      const calls = answerAsBoth(["token-2"]);
      const options = { method: "PUT", headers: { "X-Own": "1" }, body: body(), duplex: "half" };
      expect((await callService(ORDERS, options)).status).toBe(200);
      expect(calls).toMatchObject(
        ["Bearer token-1", "Bearer token-2"].map((authorization) => ({
          method: "PUT",
          headers: { authorization, "x-own": "1" },
          body: "two",
        })),
      );
      await callService(ORDERS);
      expect(calls).toHaveLength(3);
    },
  );

  it("hands on a second refusal, and does not ask again by itself", async () => {
    const { callService } = await load();
    const calls = answerAsBoth([]);
    expect((await callService(ORDERS)).status).toBe(401);
    expect(calls).toHaveLength(2);
  });

  it("says when there is no token to be had", async () => {
    const { serviceToken } = await load();
    answerWith(0, 401);
    await expect(serviceToken()).rejects.toThrow("No token: 401");
  });
});

it("the key pair is written once, and its public part alone is said", () => {
  const make = () => run(process.execPath, [write(KEY_PAIR_SNIPPET.code)]);
  const { status, stdout } = make();
  expect(status).toBe(0);
  expect(Object.keys(JSON.parse(stdout)).sort()).toEqual(["crv", "kty", "x", "y"]);
  expect(make().stderr).toContain("EEXIST");
});
