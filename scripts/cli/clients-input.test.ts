import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { DEVICE_CODE } from "../../lib/oauth/client";
import { PlainError } from "../plain-error";
import { CHANGE_OPTIONS, NEW_OPTIONS, readChange, readNewClient } from "./clients-input";
import { UsageError } from "./command";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-clients-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
const PUBLIC_JWK = publicKey.export({ format: "jwk" });
const PRIVATE_JWK = privateKey.export({ format: "jwk" });

const APP = { "auth-method": "none", "redirect-uris": "https://notes.example/callback" };

/** As the command line ends for it: its exit code, and what it says. */
function refusalOf(work: () => unknown): [code: number, says: string] {
  try {
    work();
  } catch (error) {
    if (error instanceof UsageError) return [2, error.message];
    if (error instanceof PlainError) return [1, error.message];
    throw error;
  }
  throw new Error("Not refused.");
}

describe("a new client", () => {
  it("needs no more than its address", () => {
    expect(readNewClient("Notes", APP)).toMatchObject({
      name: "Notes",
      authMethod: "none",
      grantTypes: ["authorization_code"],
      redirectUris: ["https://notes.example/callback"],
      algorithm: "ES256",
      requiresDpop: false,
    });
  });

  it("has the grant of devices by its short name or its long one", () => {
    for (const grantTypes of ["device_code", DEVICE_CODE]) {
      const input = readNewClient("Television", { "auth-method": "none", "grant-types": grantTypes });
      expect(input.grantTypes).toEqual([DEVICE_CODE]);
    }
  });

  it("has its public keys from a file", () => {
    const jwks = file("public.json", { keys: [PUBLIC_JWK] });
    const input = readNewClient("Billing", { "auth-method": "private_key_jwt", jwks });
    expect(input.jwks).toEqual({ keys: [{ ...PUBLIC_JWK, alg: "ES256" }] });
  });
});

describe("a change", () => {
  it("is of what is said alone", () => {
    expect(readChange({ name: "Papers" })).toEqual({ name: "Papers" });
    expect(readChange({ "requires-pushed-requests": "no" })).toEqual({ requiresPushedRequests: false });
    expect(readChange({ scope: "" })).toEqual({ scope: "" });
  });

  it("takes away what is empty", () => {
    const options = { "backchannel-logout-uri": "", "jwks-uri": "", origins: "", "redirect-uris": " " };
    expect(readChange(options)).toEqual({
      backchannelLogoutUri: null,
      jwksUri: null,
      origins: [],
      redirectUris: [],
    });
  });
});

test.each<[says: string, work: () => unknown, code: number, output: string | RegExp]>([
  ["no method", () => readNewClient("x", {}), 2, /^--auth-method: Choose one of none,/],
  ["no name", () => readNewClient("", APP), 2, "NAME: Give a name."],
  ["no name later", () => readChange({ name: " " }), 2, "--name: Give a name."],
  ["no change", () => readChange({}), 2, /^Say what to change: --name, --grant-types, .*--jwks-uri\.$/],
  ["neither yes nor no", () => readChange({ "requires-dpop": "maybe" }), 2, /^--requires-dpop: /],
  [
    "an address that anybody could answer at",
    () => readChange({ "redirect-uris": "https://x.example/ http://x.example/" }),
    2,
    /^--redirect-uris: Entry 2: Use https\./,
  ],
  ["an unknown grant", () => readChange({ "grant-types": "password" }), 2, /^--grant-types: Entry 1: Choose/],
  ["an unknown algorithm", () => readChange({ algorithm: "HS256" }), 2, /^--algorithm: Choose one of ES256,/],
  [
    "a file that is not there",
    () => readChange({ jwks: "nowhere.json" }),
    1,
    "The file nowhere.json cannot be read.",
  ],
  ["a file of text", () => readChange({ jwks: file("text.json", "text") }), 1, /text\.json is not JSON\.$/],
])("%s is refused in words", (_, work, code, says) => {
  const expected = typeof says === "string" ? says : expect.stringMatching(says);
  expect(refusalOf(work)).toEqual([code, expected]);
});

it("a private key in the file is refused without being repeated", () => {
  const jwks = file("private.json", { keys: [PRIVATE_JWK] });
  const [code, says] = refusalOf(() => readChange({ jwks }));
  expect({ code, says }).toEqual({ code: 2, says: expect.stringMatching(/^--jwks: .*private key/) });
  expect(says).not.toContain(PRIVATE_JWK.d);
});

it("the method is said of a new client alone, and its name later alone", () => {
  expect(Object.keys(CHANGE_OPTIONS)).not.toContain("auth-method");
  const { "auth-method": _, ...others } = NEW_OPTIONS;
  expect(Object.keys(CHANGE_OPTIONS).toSorted()).toEqual(["name", ...Object.keys(others)].toSorted());
});
