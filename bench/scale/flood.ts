import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { exchange } from "../../e2e/instances/support/exchange";
import { floodOf } from "../../e2e/instances/support/unknown-kids";
import { evenly } from "./pace";

/** Of what the forged tokens are made: keys that nobody knows, or signatures that are not those of the key they name. */
export type Forgery = "random kids" | "a known kid";

export interface FloodOrder {
  port: number;
  host: string;
  /** What is forged. */
  accessToken: string;
  forgery: Forgery;
  count: number;
  perSecond: number;
}

/** Of each status how many answers, and of each error how many connections that failed. */
export type FloodOutcome = Record<string, number>;

const SIGNATURE_BYTES = 64;
const agent = new Agent({ keepAlive: true });

/** A process of its own, so that it does not delay the measuring. Carries out one order after the other. */
process.on("message", async (order: FloodOrder) => {
  const { port, host, count, perSecond } = order;
  const tokens = forge(order);
  const outcome: FloodOutcome = {};
  const send = async (n: number) => {
    const options = { bearer: tokens[n] ?? "", agent };
    const name = await exchange({ port, host, method: "GET", path: "/api/auth/session" }, options).then(
      ({ status }) => String(status),
      (error: Error) => error.message,
    );
    outcome[name] = (outcome[name] ?? 0) + 1;
  };
  await evenly(perSecond, send, (n) => n === count);
  process.send?.(outcome);
});

function forge({ accessToken, forgery, count }: FloodOrder): string[] {
  if (forgery === "random kids") return floodOf(accessToken, count);
  const signed = accessToken.slice(0, accessToken.lastIndexOf("."));
  return Array.from(
    { length: count },
    () => `${signed}.${randomBytes(SIGNATURE_BYTES).toString("base64url")}`,
  );
}
