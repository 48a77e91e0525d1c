import { expect, it } from "vitest";
import { addSeconds } from "../../../lib/crypto/clock";
import { HeldClock } from "../../../lib/keys/testing/held-clock";
import type { Refusal } from "./caching-verifier";
import { type DrillParts, RotationDrill } from "./drill";
import { judge } from "./judge";

const START = new Date("2027-03-01T12:00:00.000Z");
const TOKEN_SECONDS = 600;
const STAGED_SECONDS = 900;

/** A deployment that rotates as it should, and whose seconds are the pauses of the drill. */
class SimulatedDeployment implements DrillParts {
  readonly clock = new HeldClock(START);
  readonly progress: string[] = [];
  signsFrom: Date | null = null;
  isDown = false;
  isSignedOut = false;
  isStuck = false;
  stopAfterSeconds = Number.POSITIVE_INFINITY;
  refuses: (kid: string) => boolean = () => false;
  #issued = 0;

  readonly visitor = {
    accessToken: null as string | null,
    refresh: async () => {
      if (this.isDown) throw new Error("503");
      this.#issued += 1;
      this.visitor.accessToken = this.#issue();
      return !this.isSignedOut;
    },
    isSignedIn: async () => !this.isSignedOut,
  };

  readonly verifier = {
    verifyAll: async (tokens: readonly string[]): Promise<Refusal[]> =>
      tokens.map((token) => {
        const kid = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
        return this.refuses(kid) ? { isUnknownKid: true, says: "unknown" } : null;
      }),
  };

  now = () => this.clock.now();
  readKeys = async () => ({ kids: ["former", "new"], maxAgeSeconds: 0, ageSeconds: 0 });
  requestRotation = async () => {
    this.signsFrom = addSeconds(this.now(), STAGED_SECONDS);
    return { kid: "new", stagedAt: this.now(), signsFrom: this.signsFrom };
  };
  pause = async () => this.clock.advanceSeconds(1);
  isStopped = () => this.now() >= addSeconds(START, this.stopAfterSeconds);
  onRound = ({ formerTokensUntil, seen }: RotationDrill) => {
    this.progress.push(
      `${seen.switchedAt === null ? "waits" : "follows until"} ${formerTokensUntil?.toISOString()}`,
    );
  };

  #issue(): string {
    const isSwitched = this.signsFrom !== null && this.now() >= this.signsFrom && !this.isStuck;
    const exp = addSeconds(this.now(), TOKEN_SECONDS).getTime() / 1_000;
    const parts = [{ kid: isSwitched ? "new" : "former" }, { exp, jti: this.#issued }];
    return [
      ...parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")),
      "signature",
    ].join(".");
  }
}

async function run(deployment: SimulatedDeployment, untilSwitch = false) {
  const drill = new RotationDrill(deployment, untilSwitch);
  await drill.run();
  const outcomes = judge(drill.seen, untilSwitch).map(({ outcome }) => outcome);
  return { seen: drill.seen, outcomes, seconds: (deployment.now().getTime() - START.getTime()) / 1_000 };
}

it("waits until the new key signs, and follows every token of the former one until it expires", async () => {
  const deployment = new SimulatedDeployment();
  const { seen, outcomes, seconds } = await run(deployment);
  expect(new Set(outcomes)).toEqual(new Set(["PASS"]));
  const asked = 2;
  expect(seen.rotation).toEqual({
    requestedAt: addSeconds(START, asked),
    formerKid: "former",
    kid: "new",
    stagedAt: addSeconds(START, asked),
    signsFrom: addSeconds(START, asked + STAGED_SECONDS),
  });
  // The last token of the former key came a second before the switch.
  expect(seconds).toBe(asked + STAGED_SECONDS - 1 + TOKEN_SECONDS);
  expect(seen.formerTokens).toMatchObject({ held: TOKEN_SECONDS, outlived: TOKEN_SECONDS, failed: 0 });
  expect(deployment.progress.at(-2)).toBe(`follows until ${addSeconds(START, seconds).toISOString()}`);
});

it("ends soon after the switch where that is all that is asked", async () => {
  const { outcomes, seconds } = await run(new SimulatedDeployment(), true);
  expect(new Set(outcomes)).toEqual(new Set(["PASS"]));
  expect(seconds).toBeLessThan(STAGED_SECONDS + 10);
});

it("verifies a token in every second of its life", async () => {
  const deployment = new SimulatedDeployment();
  const { seen } = await run(deployment);
  expect(seen.formerTokens.verified).toBe((TOKEN_SECONDS * (TOKEN_SECONDS - 1)) / 2);
});

it("counts what a verifier refuses, and of which key", async () => {
  const deployment = new SimulatedDeployment();
  deployment.refuses = (kid) => kid === "new";
  const { seen, outcomes } = await run(deployment, true);
  expect(seen).toMatchObject({
    failed: 15,
    unknownKids: 15,
    firstFailure: "unknown",
    formerTokens: { failed: 0 },
  });
  expect(outcomes.filter((outcome) => outcome === "FAIL")).toHaveLength(2);
});

it("ends when the new key does not come", async () => {
  const deployment = new SimulatedDeployment();
  deployment.isStuck = true;
  const { outcomes, seconds } = await run(deployment);
  expect(outcomes).toContain("FAIL");
  expect(seconds).toBeLessThan(STAGED_SECONDS + 70);
});

it("ends when the session does", async () => {
  const deployment = new SimulatedDeployment();
  deployment.isSignedOut = true;
  const { seen, outcomes } = await run(deployment);
  expect(seen).toMatchObject({ isSignedOut: true, rotation: null });
  expect(outcomes).toContain("FAIL");
});

it("goes on while nobody answers, and rotates once it has a token", async () => {
  const deployment = new SimulatedDeployment();
  deployment.isDown = true;
  const pause = deployment.pause;
  deployment.pause = async () => {
    await pause();
    deployment.isDown = deployment.now() < addSeconds(START, 20);
  };
  const { seen } = await run(deployment, true);
  expect(seen.rotation?.requestedAt).toEqual(addSeconds(START, 20));
  expect(seen).toMatchObject({ requestFailures: 20, firstRequestFailure: "503" });
});

it("ends when it is stopped, with what was seen until then", async () => {
  const deployment = new SimulatedDeployment();
  deployment.stopAfterSeconds = 100;
  const { seen, outcomes, seconds } = await run(deployment);
  expect(seconds).toBe(100);
  expect(seen.verified).toBeGreaterThan(0);
  expect(outcomes).not.toContain("FAIL");
  expect(outcomes).toContain("NOT SEEN");
});
