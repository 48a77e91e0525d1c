import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../setup.mjs";
import { aptInstall, findProgram, isDebian, isRoot } from "./programs.mjs";

/** @returns {Promise<import("./services.mjs").Service | null>} */
export async function findChromium() {
  const path =
    process.env.CHROMIUM_PATH ||
    findProgram("chromium") ||
    (await ownBrowser()) ||
    debianBrowser() ||
    (await download());
  return path === null ? null : { environment: { CHROMIUM_PATH: path } };
}

/** The one that Playwright keeps, when it is there. */
async function ownBrowser() {
  const { chromium } = await import("playwright");
  const path = chromium.executablePath();
  return existsSync(path) ? path : null;
}

/** Debian's package brings the libraries that a bare container lacks; Ubuntu's is an empty shell. */
function debianBrowser() {
  return isDebian() && aptInstall("chromium") ? findProgram("chromium") : null;
}

async function download() {
  const options = isRoot() ? ["--with-deps"] : [];
  spawnSync(
    process.execPath,
    [join(PROJECT, "node_modules/playwright/cli.js"), "install", ...options, "chromium"],
    {
      stdio: "inherit",
    },
  );
  return ownBrowser();
}
