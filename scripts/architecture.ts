/** One source file of the project: its path from the root, with `/`, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/**
 * What each area may import besides itself. Imports point one way: what stands further down the table knows what
 * stands above, never the other way round.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "lib/config": [],
  "lib/errors": [],
  "lib/audit": [],
  "lib/metrics": ["lib/config", "lib/errors"],
  "lib/crypto": ["lib/config", "lib/errors"],
  "lib/outbound": ["lib/config", "lib/errors"],
  "lib/policy": ["lib/config", "lib/errors"],
  "lib/http": ["lib/config", "lib/errors", "lib/policy"],
  "lib/keys": ["lib/config", "lib/errors", "lib/crypto", "lib/audit"],
  "lib/tokens": ["lib/config", "lib/errors", "lib/crypto", "lib/keys"],
  "lib/redis": ["lib/config"],
  "lib/revocation": ["lib/config", "lib/errors", "lib/crypto", "lib/audit", "lib/keys", "lib/redis"],
  "lib/sessions": [
    "lib/config",
    "lib/errors",
    "lib/crypto",
    "lib/policy",
    "lib/audit",
    "lib/metrics",
    "lib/tokens",
    "lib/revocation",
  ],
  "lib/identity": [
    "lib/config",
    "lib/errors",
    "lib/crypto",
    "lib/policy",
    "lib/audit",
    "lib/metrics",
    "lib/revocation",
    "lib/sessions",
  ],
  "lib/audiences": [
    "lib/config",
    "lib/errors",
    "lib/crypto",
    "lib/audit",
    "lib/keys",
    "lib/tokens",
    "lib/outbound",
    "lib/sessions",
  ],
  "lib/oauth": [
    "lib/config",
    "lib/errors",
    "lib/crypto",
    "lib/policy",
    "lib/audit",
    "lib/metrics",
    "lib/keys",
    "lib/tokens",
    "lib/outbound",
    "lib/revocation",
    "lib/sessions",
    "lib/identity",
    "lib/audiences",
  ],
  "lib/verifier": ["lib/config", "lib/crypto", "lib/keys", "lib/tokens", "lib/revocation"],
  "lib/store": [
    "lib/config",
    "lib/errors",
    "lib/crypto",
    "lib/policy",
    "lib/audit",
    "lib/keys",
    "lib/revocation",
    "lib/sessions",
    "lib/identity",
    "lib/audiences",
    "lib/oauth",
  ],
};

/** Packages that one area alone may import. */
const PACKAGE_HOMES: readonly { packages: RegExp; home: RegExp; rule: string }[] = [
  {
    packages: /^(@prisma\/|prisma$|pg$)/,
    home: /^(lib\/store\/|scripts\/|e2e\/|prisma\.config\.ts$)/,
    rule: "only lib/store imports Prisma",
  },
  {
    packages: /^(@upstash\/redis|ioredis)$/,
    home: /^(lib\/redis\/|scripts\/|e2e\/)/,
    rule: "only lib/redis imports Redis clients",
  },
  { packages: /^prom-client$/, home: /^lib\/metrics\//, rule: "only lib/metrics imports prom-client" },
  {
    packages: /^(next|react|react-dom)(\/|$)/,
    home: /^(app\/|middleware\.ts$|server\.ts$|next\.config\.mjs$)/,
    rule: "lib knows neither Next nor React",
  },
];

/**
 * `scripts` hands its environment to lib/config; Prisma's own configuration stands outside the product, and so do examples,
 * and the text of snippets that are shown.
 */
const MAY_READ_ENVIRONMENT =
  /^(lib\/config\/|scripts\/|e2e\/|examples\/|app\/admin\/audiences\/snippets\.ts$|prisma\.config\.ts$|playwright\.config\.ts$|vitest\.config\.ts$)/;

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
const NOT_OURS = /(\.test\.tsx?$|\/testing\/|^lib\/store\/generated\/)/;

/** Each line names a file and the rule it breaks. Tests may import what they test from anywhere; generated code is nobody's. */
export function findViolations(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => !NOT_OURS.test(path)).flatMap(violationsOf);
}

function violationsOf(file: SourceFile): string[] {
  const imports = [...file.text.matchAll(IMPORT)].map(([, specifier = ""]) => specifier);
  return [
    ...imports.flatMap((specifier) => faultOfImport(file.path, specifier)),
    ...(file.text.includes("process.env") && !MAY_READ_ENVIRONMENT.test(file.path)
      ? [`${file.path}: only lib/config reads the environment`]
      : []),
  ];
}

function faultOfImport(path: string, specifier: string): string[] {
  const target = resolve(path, specifier);
  if (target === null) {
    const broken = PACKAGE_HOMES.filter(({ packages, home }) => packages.test(specifier) && !home.test(path));
    return broken.map(({ rule }) => `${path}: imports ${specifier}: ${rule}`);
  }
  if (target.startsWith("lib/store/generated") && !path.startsWith("lib/store/")) {
    return [`${path}: imports ${target}: only lib/store imports Prisma`];
  }
  const from = areaOf(path);
  const to = areaOf(target);
  return isAllowed(from, to) ? [] : [`${path}: imports ${target}: ${from} may not import ${to}`];
}

/** The project path that an import names, or null for a package. */
function resolve(path: string, specifier: string): string | null {
  if (specifier.startsWith("@/")) return specifier.slice(2);
  if (!specifier.startsWith(".")) return null;
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** `lib/tokens`, `lib` for the files that put the product together, `app`, `scripts`, … */
function areaOf(path: string): string {
  const folders = path.split("/").slice(0, -1);
  return folders[0] === "lib" ? folders.slice(0, 2).join("/") : (folders[0] ?? "");
}

function isAllowed(from: string, to: string): boolean {
  if (from === to) return true;
  const allowed = MAY_IMPORT[from];
  if (allowed !== undefined) return allowed.includes(to);
  if (from === "lib") return to.startsWith("lib/");
  // The outside reaches the database through the services alone.
  return from === "scripts" || from === "e2e" || to !== "lib/store";
}
