import { secondsBetween } from "../../lib/crypto/clock";
import { type KeyOverview, readKeyOverview, type ShownKey } from "../../lib/key-overview";
import { isOutside } from "../../lib/keys/outside-custody";
import { audienceOfUse } from "../../lib/keys/signing-key";
import type { Services } from "../../lib/services";
import { type Command, table } from "./command";
import { durationWords } from "./duration-words";
import { isUnderEarlierSecret } from "./sealed-under";

/** Of all states: years of rotations. */
const MAX_SHOWN = 200;

export const keysList: Command = {
  parameters: "",
  summary: "lists the signing keys: which one signs, which one is next, and what is wrong with any",
  positionals: 0,
  options: {},
  run: async (latchkey) => {
    const overview = await readKeyOverview(latchkey, MAX_SHOWN);
    const keys = overview.keys.map((key) => describe(latchkey, overview, key));
    const problems = keys.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    const signing = overview.lines.flatMap((line) => nextLines(line, overview));
    const lines = [...table([HEADINGS, ...keys.map(toRow)]), "", ...signing, ...problems];
    return { data: { keys, nextRotationAt: overview.next?.at ?? null }, lines };
  },
};

/** A key as it is printed. */
type Description = ReturnType<typeof describe>;

function describe(latchkey: Services, { lines }: KeyOverview, key: ShownKey) {
  const { kid, use, algorithm, state, createdAt, signedCount, lastSignedAt, problem, revokeReason } = key;
  const line = lines.find(({ signingKid }) => signingKid === kid);
  // An audience has secrets of its own, one of which signs.
  const isSigning = line !== undefined || (audienceOfUse(use) !== null && state === "active");
  const hasSigned = key.activatedAt !== null;
  return {
    kid,
    use,
    algorithm,
    state,
    isSigning,
    isNext: lines.some(({ next }) => next?.kid === kid),
    custody: custodyWords(latchkey, key),
    createdAt,
    signsFrom: key.activatedAt ?? (state === "staged" ? key.activatesAt : null),
    signsUntil: isSigning ? (line?.next?.at ?? null) : hasSigned ? (key.retiringAt ?? key.revokedAt) : null,
    signedCount,
    lastSignedAt,
    problem,
    revokeReason,
  };
}

/** Who holds the private part, in words. */
function custodyWords(
  { keyring, keys: { sealed } }: Services,
  { kid, state, custody, standing }: ShownKey,
): string {
  if (state === "retired" || state === "revoked") return "erased";
  if (isOutside({ custody })) return "held by a signer outside";
  const key = keyring.keys.find((one) => one.kid === kid);
  if (key === undefined || key.sealedPrivateKey === null) return "erased";
  if (standing === "foreign") return "sealed under another secret";
  if (standing === "refused") return "sealed, and refused";
  return isUnderEarlierSecret(sealed, key)
    ? "sealed under an earlier secret"
    : "sealed under the first secret";
}

const HEADINGS = ["KID", "USE", "ALGORITHM", "STATE", "CUSTODY", "CREATED", "SIGNS FROM", "UNTIL", "SIGNED"];

const toRow = (key: Description): string[] => [
  key.kid,
  key.use,
  key.algorithm,
  `${key.state}${key.isSigning ? ", signs" : ""}${key.isNext ? ", next" : ""}`,
  key.custody,
  key.createdAt.toISOString(),
  key.signsFrom?.toISOString() ?? "-",
  key.signsUntil?.toISOString() ?? "-",
  String(key.signedCount),
];

function nextLines({ algorithm, signsFor, signingKid, next }: Line, { lines, now }: KeyOverview): string[] {
  const forWhom = lines.length === 1 ? "" : ` with ${algorithm} for ${FOR[signsFor]}`;
  const left = next === null ? 0 : secondsBetween(now, next.at);
  return [
    signingKid === null ? `No key signs here${forWhom}.` : `${signingKid} signs${forWhom}.`,
    next === null
      ? `No key is staged to be the next${forWhom}.`
      : `${next.kid} is next, from ${next.at.toISOString()}, in ${durationWords(left)}.`,
  ];
}

type Line = KeyOverview["lines"][number];

const FOR: Record<Line["signsFor"], string> = {
  own_pages: "our own pages",
  audiences: "audiences",
  both: "our own pages and audiences",
};
