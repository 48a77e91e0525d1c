import { type FetchOptions, requireStatus, sendOutbound } from "./outbound-request";

const ACCEPTED = [200, 204];

/**
 * Posts a form to an address that an administrator typed, within the limits of `sendOutbound`, and resolves when the
 * other server has accepted it: 200, or 204 as some frameworks answer (OpenID Connect Back-Channel Logout 1.0 section
 * 2.8). The answer's status is all that is read of it. Rejects with `FetchRefusedError`.
 */
export function postForm(text: string, form: Record<string, string>, options: FetchOptions): Promise<void> {
  const body = new URLSearchParams(form).toString();
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return sendOutbound(text, { method: "POST", headers, body }, options, (response, url) =>
    requireStatus(response, url, ACCEPTED),
  );
}
