import type { Redis } from "@upstash/redis";

/** A way to Redis. Requests end at the deadline of the work they are made in (`withDeadline`). */
export interface Transport {
  redis: Redis;
  /** How often the connection was lost so far: whoever answers after that may be another Redis. */
  lostConnections(): number;
  close(): void;
}
