import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nameActionsAlike, releaseId } from "./release.mjs";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-release-"));
  folders.push(folder);
  write(folder, "app/page.tsx", "page");
  write(folder, "app/login/page.tsx", "login");
  write(folder, "package-lock.json", "{}");
  return folder;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe("the id of a release", () => {
  it("is the same for the same sources on another machine", () => {
    const one = project();
    const other = project();
    expect(releaseId(one)).toMatch(/^[0-9a-f]{20}$/);
    expect(releaseId(other)).toBe(releaseId(one));
    cpSync(join(one, "app"), join(other, "app"), { recursive: true });
    expect(releaseId(other)).toBe(releaseId(one));
  });

  it.each([
    ["app/page.tsx", "another page"],
    ["app/new.tsx", "page"],
    ["instrumentation.ts", "hook"],
    ["package-lock.json", "{ }"],
  ])("is another one with another %s", (path, text) => {
    const folder = project();
    const before = releaseId(folder);
    write(folder, path, text);
    expect(releaseId(folder)).not.toBe(before);
  });

  it.each(["app/page.test.tsx", "lib/store/generated/client.ts", "README.md", ".data/app-secret"])(
    "does not depend on %s, of which no build is made",
    (path) => {
      const folder = project();
      const before = releaseId(folder);
      write(folder, path, "anything");
      expect(releaseId(folder)).toBe(before);
    },
  );
});

describe("the key by which a build names server actions", () => {
  it("is an AES key, and the same in every build", () => {
    vi.stubEnv("NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", undefined);
    nameActionsAlike();
    const key = process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ?? "";
    expect(Buffer.from(key, "base64")).toHaveLength(32);
    expect(key).toBe("e/deAHhBpsGO5vHzbPiC+ExRnWA6ZREpCYi4f3aolmk=");
  });

  it("makes room for the one that the launcher has set", () => {
    vi.stubEnv("NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", "from the launcher");
    nameActionsAlike();
    expect(process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY).toBe("from the launcher");
  });
});
