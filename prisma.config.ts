import { defineConfig } from "prisma/config";

/** For Prisma's own command line (`prisma migrate deploy`, `prisma studio`); Latchkey itself never reads this file. */
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  ...(process.env.DATABASE_URL ? { datasource: { url: process.env.DATABASE_URL } } : {}),
});
