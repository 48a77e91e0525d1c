import { isOwnScriptUrl, TRUSTED_TYPES_POLICY } from "@/lib/policy/trusted-script-url";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };

// Runs before hydration, so before the first chunk that a script loads.
trustedTypes?.createPolicy(TRUSTED_TYPES_POLICY, {
  createScriptURL(url) {
    if (isOwnScriptUrl(url, location.origin)) return url;
    throw new TypeError("Only our own built files may be loaded as scripts.");
  },
});
