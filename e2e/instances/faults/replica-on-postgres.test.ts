import { describe } from "vitest";
import { postgresDownRow } from "./rows/postgres-rows";
import { sceneOfFile } from "./support/scene";

const scene = sceneOfFile({ revocation: "replica", redis: false });

describe("When things fail", () => {
  postgresDownRow(scene);
});
