import { spawn } from "node:child_process";

const OPENERS = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens the person's own browser, or the one that BROWSER names. Where there is none, they open the printed address. */
export function openInBrowser(url) {
  const { BROWSER } = process.env;
  const [command, ...parameters] = BROWSER ? [BROWSER] : (OPENERS[process.platform] ?? ["xdg-open"]);
  const child = spawn(command, [...parameters, url.href], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
}
