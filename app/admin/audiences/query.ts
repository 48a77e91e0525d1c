import { z } from "zod";
import { pageParams } from "@/app/_http/page-params";
import { addressOf } from "@/app/_http/search-params";
import { newAudienceSchema } from "@/lib/audiences/audience-input";
import { parseEncryptionKey } from "@/lib/audiences/encryption-key";

export const PATH = "/admin/audiences";
const VIEW_PATH = `${PATH}/view`;

/** What was typed before a detour to a fresh sign-in; null: nothing was. */
const typed = z.string().nullable().catch(null);

const changing = { lifetimeSeconds: typed, scope: typed, encryptionJwk: typed, jwksUri: typed };

export const audiencesQuery = z.object({
  ...pageParams,
  identifier: typed,
  profile: typed,
  algorithm: typed,
  ...changing,
});

export type AudiencesQuery = z.infer<typeof audiencesQuery>;

/** An identifier may be an address: it stands in the query. */
export const viewQuery = z.object({
  identifier: newAudienceSchema.shape.identifier,
  ...changing,
  /** What the fields had shown before it was typed. */
  was: typed,
  /** The secret that was to be revoked. */
  kid: typed,
  reason: typed,
});

export type ViewQuery = z.infer<typeof viewQuery>;

/** The address at which the form for a new audience holds what was typed. */
export const addressWith = (values: Record<string, string>): string =>
  addressOf(
    PATH,
    fitting(values, (value) => value !== ""),
  );

/** Where an audience is shown, holding what was typed there. */
export const viewOf = (identifier: string, values: Record<string, string> = {}): string =>
  addressOf(VIEW_PATH, { identifier, ...fitting(values) });

/** Longer ones would make the whole address one that nobody is sent back to. */
const MAX_TYPED_CHARACTERS = 1_000;

function fitting(
  { encryptionJwk, ...values }: Record<string, string>,
  isWanted: (value: string) => boolean = () => true,
): Record<string, string | null> {
  const all = {
    ...values,
    ...(encryptionJwk === undefined ? {} : { encryptionJwk: publicPart(encryptionJwk) }),
  };
  const entries = Object.entries(all).map(([name, value]) => {
    const fits = value !== null && value.length <= MAX_TYPED_CHARACTERS && isWanted(value);
    return [name, fits ? value : null];
  });
  return Object.fromEntries(entries);
}

/** What an address may hold of it: addresses are written down in many places. */
function publicPart(typedKey: string): string | null {
  if (typedKey.trim() === "") return "";
  try {
    const { jwk, kid } = parseEncryptionKey(JSON.parse(typedKey));
    return JSON.stringify({ ...jwk, kid });
  } catch {
    return null;
  }
}
