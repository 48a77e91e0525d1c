import { nameActionsAlike, releaseId } from "./scripts/release.mjs";

nameActionsAlike();

/** @type {import("next").NextConfig} */
export default {
  generateBuildId: () => releaseId(),
  poweredByHeader: false,
  reactStrictMode: true,
  // The image optimiser fetches on a caller's word; nothing here needs it.
  images: { unoptimized: true },
  // `npm test` checks types as a stage of its own; a start need not wait for it.
  typescript: { ignoreBuildErrors: true },
  // A server action's body; the front door holds every other body to the same size.
  experimental: { serverActions: { bodySizeLimit: "64kb" } },
  serverExternalPackages: ["@node-rs/argon2", "@prisma/client", "@prisma/adapter-pg", "pg", "pino"],
};
