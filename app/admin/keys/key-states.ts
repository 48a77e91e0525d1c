import type { KeyState } from "@/lib/keys/signing-key";

export const KEY_STATES: Record<
  KeyState,
  { text: string; tone: "accent" | "success" | "neutral" | "danger" }
> = {
  staged: { text: "Staged", tone: "accent" },
  active: { text: "Active", tone: "success" },
  retiring: { text: "Retiring", tone: "neutral" },
  retired: { text: "Retired", tone: "neutral" },
  revoked: { text: "Revoked", tone: "danger" },
};
