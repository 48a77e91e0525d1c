import { describe } from "vitest";
import { bothRows } from "./rows/both-rows";
import { floodRow } from "./rows/flood-row";
import {
  lostRefreshRows,
  postgresDownRow,
  postgresPartitionRow,
  postgresPausedRow,
} from "./rows/postgres-rows";
import { evictionRow, redisPausedRow, redisRows } from "./rows/redis-rows";
import { sceneOfFile } from "./support/scene";

const scene = sceneOfFile({ revocation: "strict", redis: true });

describe("When things fail", () => {
  redisRows(scene);
  redisPausedRow(scene);
  postgresDownRow(scene);
  postgresPausedRow(scene);
  lostRefreshRows(scene);
  postgresPartitionRow(scene);
  bothRows(scene);
  floodRow(scene);
  evictionRow(scene);
});
