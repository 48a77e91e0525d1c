import type { Answer, Instance } from "../../support/cluster";

/** Longer is a hang, whatever the fault: a free connection, an answer and the end of a transaction are waited for. */
const MAX_ANSWER_MS = 15_000;
const MAX_LOGGED = 1_500;

/** What no answer may be, whatever is broken: late, a failure of ours, or an outage that does not say so or touches cookies. */
export function faultsOf(answer: Answer, durationMs: number): string[] {
  const faults: string[] = [];
  const { status } = answer;
  if (durationMs > MAX_ANSWER_MS) faults.push(`${status} took ${Math.round(durationMs / 1_000)} s`);
  if (status >= 500 && status !== 503) faults.push(`answered ${status}`);
  if (status === 503) faults.push(...faultsOfOutage(answer));
  return faults;
}

/** What the instance has logged of this answer's request. */
export function logged(instance: Instance, answer: Answer): string {
  const requestId = String(answer.headers["x-request-id"]);
  const lines = instance
    .output()
    .split("\n")
    .filter((line) => line.includes(requestId));
  return lines.join("\n").slice(0, MAX_LOGGED);
}

function faultsOfOutage({ headers, setCookies, body }: Answer): string[] {
  const faults: string[] = [];
  if (setCookies.length > 0) faults.push("503 touches cookies");
  if (!/^[1-9]\d*$/.test(headers["retry-after"] ?? "")) faults.push("503 without Retry-After");
  const isProblem = headers["content-type"]?.startsWith("application/problem+json");
  if (!isProblem || !body.includes('"code":"unavailable"')) faults.push(`503 ${body.slice(0, 200)}`);
  return faults;
}
