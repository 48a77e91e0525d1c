import { describe } from "vitest";
import { bothRows } from "./rows/both-rows";
import { postgresDownRow, postgresPartitionRow } from "./rows/postgres-rows";
import { redisRows } from "./rows/redis-rows";
import { sceneOfFile } from "./support/scene";

const scene = sceneOfFile({ revocation: "replica", redis: true });

describe("When things fail", () => {
  redisRows(scene);
  postgresDownRow(scene);
  postgresPartitionRow(scene);
  bothRows(scene);
});
