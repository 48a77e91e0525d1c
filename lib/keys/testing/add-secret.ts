import { type Actor, COMMAND_LINE } from "@/lib/audit/actor";
import { generateSecret, takeSecret } from "../audience-secrets";
import type { RotationDependencies } from "../rotation";

/** A new secret of an audience, which there need not be. */
export async function addSecret(
  deps: RotationDependencies,
  audience: string,
  actor: Actor = COMMAND_LINE,
): Promise<{ kid: string; secret: string; signs: boolean }> {
  const generated = await generateSecret(deps, audience);
  const signs = await deps.atomically((stores) => takeSecret(deps, stores, generated, actor));
  await deps.keyring.load();
  return { kid: generated.key.kid, secret: generated.secret, signs };
}
