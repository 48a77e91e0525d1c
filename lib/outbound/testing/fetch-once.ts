import { fetchJson } from "../fetch-json";

/** A program that fetches the document at its argument, from localhost, and prints it or why it was not fetched. */
const [, , url = ""] = process.argv;
const outcome = await fetchJson(url, { privateHosts: ["localhost"] }).catch((error: Error) => error.message);
process.stdout.write(JSON.stringify(outcome));
