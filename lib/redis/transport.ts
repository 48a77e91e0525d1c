import type { Redis } from "@upstash/redis";

/** A way to Redis. Requests end at the deadline of the work they are made in (`withDeadline`). */
export interface Transport {
  redis: Redis;
  close(): void;
}
