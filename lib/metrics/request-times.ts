import { Histogram, type Registry } from "prom-client";
import { METHODS, OTHER } from "./label-values";

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface FinishedRequest {
  /** The pattern of the route table. One that was not handed in at the start counts as `other`. */
  route: string;
  method: string;
  /** `aborted`: the caller left before the answer. */
  status: number | "aborted";
}

/** How long requests took, by labels that are closed sets whatever a caller sends. */
export class RequestTimes {
  readonly #histogram: Histogram;
  readonly #routes: ReadonlySet<string>;
  readonly #methods: ReadonlySet<string> = new Set(METHODS);

  constructor(registry: Registry, routes: readonly string[]) {
    this.#routes = new Set(routes);
    this.#histogram = new Histogram({
      name: "latchkey_http_request_seconds",
      help: "From a request's head until its answer had left, by the route table's pattern, method and status.",
      labelNames: ["route", "method", "status"],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
  }

  observe({ route, method, status }: FinishedRequest, seconds: number): void {
    const labels = {
      route: this.#routes.has(route) ? route : OTHER,
      method: this.#methods.has(method) ? method : OTHER,
      status,
    };
    this.#histogram.observe(labels, seconds);
  }
}
