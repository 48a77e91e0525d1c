import { afterAll, beforeAll, expect, test } from "vitest";
import { type Example, prepareExample, type Service, startService } from "../support/example";
import { addAudience, type Issuer, newVisitor, startIssuer, tokenFor } from "../support/issuer";

/** A service that knows jsonwebtoken and a secret, and nothing of us. */
const REPORTS = { identifier: "reports", profile: "legacy", lifetimeSeconds: 60 };

let issuer: Issuer;
let example: Example;
let secret: string;

beforeAll(async () => {
  [issuer, example] = await Promise.all([startIssuer(), prepareExample("legacy", ["jsonwebtoken"])]);
  secret = (await addAudience(issuer, REPORTS)).secret?.secret ?? "";
});

afterAll(async () => {
  await Promise.all([issuer.remove(), example.remove()]);
});

async function withService<Result>(
  secrets: string[],
  use: (service: Service) => Promise<Result>,
): Promise<Result> {
  const env = { LATCHKEY_ISSUER: issuer.origin, LATCHKEY_SECRETS: secrets.join(",") };
  const service = await startService(example, { env });
  try {
    return await use(service);
  } finally {
    await service.stop();
  }
}

const statusesOf = (service: Service, tokens: string[]): Promise<number[]> =>
  Promise.all(tokens.map(async (token) => (await service.fetch("/", token)).status));

test("a token for this service is accepted", async () => {
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "reports");
  await withService([secret], async (service) => {
    const answer = await service.fetch("/", token);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ person: visitor.userId });
  });
});

test("no token, and one of another service, are refused", async () => {
  const invoices = await addAudience(issuer, { identifier: "invoices", profile: "legacy" });
  await addAudience(issuer, { identifier: "shipping", profile: "mesh" });
  const visitor = await newVisitor(issuer);
  const others = [
    await tokenFor(issuer, visitor, "invoices"),
    await tokenFor(issuer, visitor, "shipping"),
    visitor.access ?? "",
  ];
  await withService([secret], async (service) => {
    const withoutToken = await service.fetch("/");
    expect(withoutToken.status).toBe(401);
    expect(withoutToken.headers.get("www-authenticate")).toBe("Bearer");
    expect(await statusesOf(service, others)).toEqual([401, 401, 401]);
  });
  await withService([secret, invoices.secret?.secret ?? ""], async (service) => {
    expect(await statusesOf(service, others), "whatever secret it is by").toEqual([401, 401, 401]);
  });
});

test("a secret is replaced and no token is refused over it", async () => {
  const visitor = await newVisitor(issuer);
  const askForToken = () => tokenFor(issuer, visitor, "reports");
  const tokens = [await askForToken()];
  const next = await issuer.manage<{ secret: string }>("POST", "audiences/reports/secrets");
  tokens.push(await askForToken());
  await withService([secret], async (service) => {
    expect(await statusesOf(service, tokens), "the next one waits").toEqual([200, 200]);
  });
  await withService([secret, next.secret], async (service) => {
    expect(await statusesOf(service, tokens), "the service knows both").toEqual([200, 200]);
    await issuer.manage("POST", "audiences/reports/secrets/activate");
    tokens.push(await askForToken());
    expect(await statusesOf(service, tokens), "the next one signs").toEqual([200, 200, 200]);
  });
  await withService([next.secret], async (service) => {
    expect(await statusesOf(service, tokens), "the former one is forgotten").toEqual([401, 401, 200]);
  });
});
