import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import {
  DENYLIST_SOURCES,
  GRANT_TYPES,
  OAUTH_CODES,
  REFRESH_OUTCOMES,
  REFUSAL_CODES,
  REJECTION_REASONS,
  SESSION_END_REASONS,
  SIGN_IN_OUTCOMES,
} from "./label-values";
import { LabelledCounter } from "./labelled-counter";
import { RequestTimes } from "./request-times";
import { createWatchedGauges } from "./watched-gauges";

/** Finest around the poll of 0.4 s and the promised second. */
const LAG_BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 5];
const REDIS_BUCKETS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05];
/** From a signature in this process to one that a service elsewhere makes. */
const SIGNING_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];

export type Metrics = ReturnType<typeof createMetrics>;

/** What this process counts, for Prometheus. One per process, in its services; `routes` are the values of that label. */
export function createMetrics(routes: readonly string[]) {
  const registry = new Registry();
  return {
    signIns: new LabelledCounter(registry, {
      name: "latchkey_sign_ins_total",
      help: "Sign-ins with a password, by outcome.",
      label: "outcome",
      values: SIGN_IN_OUTCOMES,
    }),
    refreshes: new LabelledCounter(registry, {
      name: "latchkey_refreshes_total",
      help: "Refresh tokens presented, by outcome: docs/decisions/002.",
      label: "outcome",
      values: REFRESH_OUTCOMES,
    }),
    refusals: new LabelledCounter(registry, {
      name: "latchkey_refusals_total",
      help: "Requests refused, by the code of the error.",
      label: "code",
      values: REFUSAL_CODES,
    }),
    oauthRefusals: new LabelledCounter(registry, {
      name: "latchkey_oauth_refusals_total",
      help: "Requests of clients refused, by the code of the error.",
      label: "code",
      values: OAUTH_CODES,
    }),
    clientTokens: new LabelledCounter(registry, {
      name: "latchkey_client_tokens_total",
      help: "Access tokens issued to clients, by what they were asked for with.",
      label: "grant_type",
      values: GRANT_TYPES,
    }),
    tokenRejections: new LabelledCounter(registry, {
      name: "latchkey_token_rejections_total",
      help: "Access tokens that were not accepted, by the reason that the caller does not learn.",
      label: "reason",
      values: REJECTION_REASONS,
    }),
    sessionsEnded: new LabelledCounter(registry, {
      name: "latchkey_sessions_ended_total",
      help: "Sessions that this process ended, by reason.",
      label: "reason",
      values: SESSION_END_REASONS,
    }),
    denylistAnswers: new LabelledCounter(registry, {
      name: "latchkey_denylist_answers_total",
      help: "Answers of the denylist, by where they came from.",
      label: "source",
      values: DENYLIST_SOURCES,
    }),
    revocationLag: new Histogram({
      name: "latchkey_revocation_lag_seconds",
      help: "From when a denial was recorded until this process had read it, in the database's time.",
      buckets: LAG_BUCKETS_SECONDS,
      registers: [registry],
    }),
    redisSeconds: new Histogram({
      name: "latchkey_redis_seconds",
      help: "Calls to Redis, those that failed included.",
      buckets: REDIS_BUCKETS_SECONDS,
      registers: [registry],
    }),
    signingSeconds: new Histogram({
      name: "latchkey_signing_seconds",
      help: "Signatures of tokens, wherever the key is kept.",
      buckets: SIGNING_BUCKETS_SECONDS,
      registers: [registry],
    }),
    requests: new RequestTimes(registry, routes),
    /** Says where the values of the gauges are read at each scrape. */
    watch: createWatchedGauges(registry),
    /** Adds the version, and what Node knows of its process: processor, memory, event loop, garbage collection. */
    watchProcess: (version: string) => watchProcess(registry, version),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function watchProcess(registry: Registry, version: string): void {
  collectDefaultMetrics({ register: registry });
  const build = new Gauge({
    name: "latchkey_build_info",
    help: "Always 1; the label says which version runs.",
    labelNames: ["version"],
    registers: [registry],
  });
  build.set({ version }, 1);
}
