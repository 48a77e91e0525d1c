import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/** Loaded before everything else (NODE_OPTIONS), it ends this process when a file that it has written is to take its place. */
files.rename = async () => void process.kill(process.pid, "SIGKILL");
syncBuiltinESMExports();
