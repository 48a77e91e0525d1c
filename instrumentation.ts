import { currentRequest } from "@/lib/audit/request-scope";

/** Next is about to answer 500: what answers in its place has to know why. Next builds this file for Edge too. */
export function onRequestError(error: unknown): void {
  currentRequest()?.failed(error);
}
