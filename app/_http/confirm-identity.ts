import { FRESH_SIGN_IN_SECONDS } from "@/lib/config/durations";
import type { RefusalAdvice } from "./action";
import { addressOf } from "./search-params";

const FRESH_SIGN_IN_MINUTES = FRESH_SIGN_IN_SECONDS / 60;

/** What helps where an action asks for a fresh sign-in: the way to confirm who one is, and back to this address. */
export const confirmAndReturnTo = (address: string) =>
  ({
    reauthentication_required: {
      message: `This needs a sign-in of the last ${FRESH_SIGN_IN_MINUTES} minutes.`,
      link: {
        href: addressOf("/login", { reason: "confirm", return_to: address }),
        label: "Confirm it is you",
      },
    },
  }) satisfies RefusalAdvice;
