import { describe } from "vitest";
import { postgresDownRow, postgresPausedRow } from "./rows/postgres-rows";
import { sceneOfFile } from "./support/scene";

const scene = sceneOfFile({ revocation: "strict", redis: false });

describe("When things fail", () => {
  postgresDownRow(scene);
  postgresPausedRow(scene);
});
