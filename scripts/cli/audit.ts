import { z } from "zod";
import type { AuditChain, EventFilter, Link, Unchained } from "../../lib/audit/chain";
import { AUDIT_EVENT_TYPES, type AuditEventType } from "../../lib/audit/events";
import { type BrokenLink, type Fault, type Verification, verifyChain } from "../../lib/audit/verify-chain";
import { secondsBetween } from "../../lib/crypto/clock";
import { type Command, type CommandArguments, UsageError } from "./command";
import { clearProgress, showProgress } from "./progress";

const ALL_EVENTS: EventFilter = { from: null, to: null, type: null };

export const auditVerify: Command = {
  parameters: "[--includes POSITION:HASH]",
  summary: "follows the audit log's hash chain; --includes checks that it still holds a head noted earlier",
  positionals: 0,
  options: { includes: { type: "string" } },
  run: async ({ stores: { auditChain }, clock }, { options }) => {
    const noted = readNoted(options.includes);
    const { position: length } = await auditChain.head();
    const { head, brokenLink } = await verifyChain(auditChain.read(ALL_EVENTS), noted, (position) =>
      showProgress(`${position} of ${length} events`),
    );
    clearProgress();
    const unchained = await auditChain.unchained();
    const data = { isWhole: brokenLink === null, head, brokenLink, unchained };
    const lines = [...describe({ head, brokenLink }), ...describeUnchained(unchained, clock.now())];
    return { data, lines, isRefusal: brokenLink !== null };
  },
};

export const auditExport: Command = {
  parameters: "[--from TIME] [--to TIME] [--type TYPE]",
  summary: "writes the audit log as JSON lines in the order of its chain, from TIME on and before TIME",
  positionals: 0,
  options: { from: { type: "string" }, to: { type: "string" }, type: { type: "string" } },
  run: async ({ stores: { auditChain } }, { options }) => {
    const filter = {
      from: readTime(options, "from"),
      to: readTime(options, "to"),
      type: readType(options.type),
    };
    return { stream: exportLines(auditChain, filter) };
  },
};

async function* exportLines(chain: AuditChain, filter: EventFilter): AsyncGenerator<string> {
  // Beside a running server there is hardly anything to do; without one, nobody else would.
  await chain.chainNew();
  for await (const events of chain.read(filter)) {
    yield events.map((event) => `${JSON.stringify(event)}\n`).join("");
  }
  const { count } = await chain.unchained();
  if (count > 0) process.stderr.write(`${count} events are not chained yet, and not in this export.\n`);
}

type Options = CommandArguments["options"];

const notedSchema = z.string().regex(/^\d{1,15}:[0-9a-f]{64}$/);

function readNoted(option: Options[string]): Link | null {
  if (option === undefined) return null;
  const noted = notedSchema.safeParse(option);
  if (!noted.success) throw new UsageError("Give --includes POSITION:HASH, as `audit verify` prints it.");
  const [position = "", hash = ""] = noted.data.split(":");
  return { position: Number(position), hash };
}

const timeSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

function readTime(options: Options, name: "from" | "to"): Date | null {
  if (options[name] === undefined) return null;
  const time = timeSchema.safeParse(options[name]);
  if (!time.success) throw new UsageError(`Give --${name} 2027-03-01, or 2027-03-01T12:00:00Z.`);
  return new Date(time.data);
}

const typeSchema = z.enum(AUDIT_EVENT_TYPES);

function readType(option: Options[string]): AuditEventType | null {
  if (option === undefined) return null;
  const type = typeSchema.safeParse(option);
  if (!type.success) throw new UsageError(`Give --type one of: ${AUDIT_EVENT_TYPES.join(", ")}.`);
  return type.data;
}

function describe({ head, brokenLink }: Verification): string[] {
  if (brokenLink !== null) {
    return [
      `The chain is broken at position ${brokenLink.position}: ${FAULTS[brokenLink.fault](brokenLink)}.`,
      `It is whole up to ${toText(head)}.`,
    ];
  }
  return [
    `The chain is whole: ${head.position} events.`,
    `Head: ${toText(head)}`,
    "Keep the head elsewhere: with --includes it later shows that nothing up to it was rewritten or cut off.",
  ];
}

const FAULTS: Readonly<Record<Fault, (link: BrokenLink) => string>> = {
  position: ({ eventId }) => `no event has it, and event ${eventId} comes next`,
  previous_hash: ({ eventId }) => `event ${eventId} does not carry the hash of the event before`,
  content: ({ eventId }) => `event ${eventId} is not what its hash was made of`,
  rewritten: ({ eventId }) =>
    `event ${eventId} is not the one that was noted, so it or one before was changed`,
  truncated: () => "the chain ends before the position that was noted",
};

const toText = ({ position, hash }: Link): string => `${position}:${hash}`;

function describeUnchained({ count, oldestAt }: Unchained, now: Date): string[] {
  if (oldestAt === null) return [];
  const age = secondsBetween(oldestAt, now).toFixed(1);
  return [
    `Not chained yet: ${count}, the oldest ${age} s old. A running Latchkey chains them within a second or two.`,
  ];
}
