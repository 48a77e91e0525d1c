import { isIP } from "node:net";
import { FetchRefusedError } from "./fetch-refused-error";
import { isPublicAddress } from "./public-address";

/** How much of a text is read as a URL. */
const MAX_URL_LENGTH = 2048;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** Whether an entry of `PRIVATE_HOSTS` names the host of this URL, alone or with its port. */
export const isPrivateHost = ({ protocol, hostname, port }: URL, privateHosts: readonly string[]): boolean =>
  privateHosts.includes(hostname) || privateHosts.includes(`${hostname}:${port || DEFAULT_PORTS[protocol]}`);

/**
 * A URL that may be fetched, as far as its text tells: what its host's name resolves to is checked at the connection.
 * Throws `FetchRefusedError`.
 */
export function parseOutboundUrl(text: string, privateHosts: readonly string[]): URL {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) throw new FetchRefusedError("This is not a URL.");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw new FetchRefusedError("Leave out the user name and the password: none is sent.");
  }
  if (text.includes("#"))
    throw new FetchRefusedError("Leave out the # and what follows it: it is never sent.");
  if (url.protocol in DEFAULT_PORTS && isPrivateHost(url, privateHosts)) return url;
  if (url.protocol !== "https:") {
    throw new FetchRefusedError("Use an https address. Plain http is for hosts that PRIVATE_HOSTS names.");
  }
  if (isPrivateAddress(url.hostname)) throw notPublic(url);
  return url;
}

export const notPublic = ({ host }: URL): FetchRefusedError =>
  new FetchRefusedError(
    `${host} is not on the public internet, so it is not asked. If it should be, name it in PRIVATE_HOSTS.`,
  );

/** The parser of URLs has turned every spelling of an IPv4 address into the one with four decimal parts. */
function isPrivateAddress(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  return isIP(address) !== 0 && !isPublicAddress(address);
}
