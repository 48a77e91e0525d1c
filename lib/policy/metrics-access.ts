import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { parseAddress } from "../config/ip-address";
import { bearerToken } from "./authorization-header";

export interface MetricsRequest {
  /** Of whoever is connected to us. */
  socketAddress: string;
  /** As they came, before any is taken away. */
  headers: IncomingHttpHeaders;
}

const LOOPBACK_HOST = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/i;

/** What proxies add. A request with one of these has come from further away than its socket says. */
const FORWARDED =
  /^(x-forwarded|x-original-|x-real-ip$|x-client-ip$|x-cluster-client-ip$|true-client-ip$|cf-|fastly-|forwarded$|via$)/;

/**
 * Whether the request may read the metrics: with METRICS_TOKEN (null: there is none), or without any credentials from
 * this machine itself. The Host counts too, so that no name that leads here (DNS rebinding) opens them to a browser.
 */
export function mayReadMetrics({ socketAddress, headers }: MetricsRequest, token: string | null): boolean {
  if (headers.authorization !== undefined) return token !== null && carries(headers.authorization, token);
  return (
    parseAddress(socketAddress)?.range() === "loopback" &&
    LOOPBACK_HOST.test(headers.host ?? "") &&
    !Object.keys(headers).some((name) => FORWARDED.test(name))
  );
}

function carries(authorization: string, token: string): boolean {
  const bearer = bearerToken(new Headers({ authorization }));
  return bearer.kind === "token" && timingSafeEqual(digest(bearer.token), digest(token));
}

/** Of one length whatever the text is, which the comparison needs. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
