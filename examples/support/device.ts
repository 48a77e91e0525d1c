import { join } from "node:path";
import type { Browser, Page } from "playwright";
import type { Person } from "../../e2e/instances/support/visitor";
import { type RunningProcess, startNode } from "../../e2e/support/running-process";
import { answerConsent, openPage, signInAs } from "./browser";

export interface Run {
  code: number | NodeJS.Signals;
  output: string;
}

/** Where the program of an example runs, `cli.js`, beside a browser. */
export interface Device {
  /** Another user's, who has never used the program. */
  newTokenFile(): string;
  start(command: string, file: string): RunningProcess;
  /** `module` is loaded before the program. */
  run(command: string, file: string, module?: string): Promise<Run>;
  /** Does in the browser what `login` waits for. The page shows then what the program has answered. */
  logIn(file: string, person: Person, answer?: "Allow" | "Deny"): Promise<Run & { page: Page }>;
}

/** `environment` is asked for at each start of the program. */
export function newDevice(
  folder: string,
  browser: Browser,
  environment: () => Record<string, string>,
): Device {
  let users = 0;
  const start = (command: string, file: string, module?: string) => {
    const { NODE_OPTIONS = "", ...env } = environment();
    return startNode([join(folder, "cli.js"), command], {
      TOKEN_FILE: file,
      // It opens nothing; the tests read the address that is printed.
      BROWSER: "true",
      NODE_OPTIONS: module === undefined ? NODE_OPTIONS : `${NODE_OPTIONS} --import=${module}`,
      ...env,
    });
  };
  return {
    newTokenFile: () => {
      users += 1;
      return join(folder, `home-${users}`, "tokens.json");
    },
    start,
    run: (...parameters) => untilEnded(start(...parameters)),
    logIn: async (file, person, answer = "Allow") => {
      const program = start("login", file);
      const page = await openPage(browser);
      await page.goto((await printedUrl(program)).href);
      await signInAs(page, person);
      await answerConsent(page, answer);
      await page.getByText(/You may close this page\./).waitFor();
      return { ...(await untilEnded(program)), page };
    },
  };
}

async function untilEnded(program: RunningProcess): Promise<Run> {
  const code = await program.ended;
  return { code, output: program.output() };
}

/** Where `login` wants the browser to go. */
export const printedUrl = async (program: RunningProcess): Promise<URL> =>
  new URL((await program.untilOutput(/http\S+\/oauth\/authorize\S+/))[0]);
