import { cookieHeader } from "./support/cookies";
import type { Answer, HeaderFields } from "./support/http";
import { MULTIPART, multipart, type PageForm, readForms, submitForm } from "./support/page-forms";
import { expectHarmless } from "./support/refusals";
import { expect, freshEmail, freshPassword, type Person, targetOfFile, test } from "./support/target";

/**
 * A server action answers at every address of the application, the public ones included, to whoever has its id. So
 * each must ask for itself who is there: these tests take the ids from an administrator's own pages and play them
 * where and as whom they do not belong.
 */
const target = targetOfFile();
let admin: Person;
let ann: Person;
let eve: Person;

test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
  ann = await target().signUp();
  eve = await target().signUp();
});

/** Everything that an administrator's action, or another person's, could change. */
async function snapshot(): Promise<
  Record<"links" | "ended" | "keys", object[]> & { users: { status: string }[] }
> {
  const users = await target().sql<{ status: string }>(
    "SELECT id, email, name, role, status, password_hash FROM users ORDER BY id",
  );
  const links = await target().sql("SELECT id, consumed_at FROM one_time_links ORDER BY id");
  const ended = await target().sql(
    "SELECT id, end_reason FROM sessions WHERE ended_at IS NOT NULL ORDER BY id",
  );
  const keys = await target().sql("SELECT kid, state, activates_at FROM signing_keys ORDER BY kid");
  return { users, links, ended, keys };
}

const FILLED_IN = () => ({
  email: freshEmail(),
  name: "taken over",
  role: "admin",
  reason: "attack",
  currentPassword: ann.password,
  newPassword: freshPassword(),
});

/** Forms of pages only their owner sees, and each way to press a button on them. The sign-out form is everybody's. */
async function forms(owner: Person, paths: string[]): Promise<[PageForm, Record<string, string>][]> {
  const found: [PageForm, Record<string, string>][] = [];
  for (const path of paths) {
    for (const form of await readForms(target(), path, { cookie: cookieHeader({ access: owner.access }) })) {
      if ([...form.fields.keys()].every((name) => name.startsWith("$ACTION_ID_"))) continue;
      found.push([form, FILLED_IN()]);
      for (const [name, value] of form.buttons) found.push([form, { ...FILLED_IN(), [name]: value }]);
    }
  }
  return found;
}

const ADMIN_PAGES = () => [
  "/admin/users",
  "/admin/sessions",
  `/admin/sessions?userId=${ann.userId}`,
  "/admin/sessions?state=all",
  "/admin/keys",
];

function expectRefused(answer: Answer, row: string): void {
  expectHarmless(answer, row);
  expect.soft(answer.text, row).not.toMatch(/token=|root@example\.com/);
}

test("an administrator's forms do nothing for a stranger or a user, wherever they are sent", async () => {
  const before = await snapshot();
  const all = await forms(admin, ADMIN_PAGES());
  expect(all.length).toBeGreaterThan(5);
  for (const [form, filledIn] of all) {
    for (const path of [form.path, "/login", "/signup", "/", "/account", "/nowhere"]) {
      for (const [who, cookie] of [
        ["stranger", ""],
        ["user", cookieHeader({ access: eve.access })],
      ] as const) {
        const answer = await submitForm(
          target(),
          { ...form, path },
          filledIn,
          cookie === "" ? {} : { cookie },
        );
        expectRefused(answer, `${form.path} sent to ${path} as ${who}`);
      }
    }
  }
  expect(await snapshot()).toEqual(before);
});

test("the same ids called as a script calls them", async () => {
  const before = await snapshot();
  const idsOf = ([{ fields }]: [PageForm, unknown]) =>
    [...fields.values()].flatMap((value) => /"id":"([0-9a-f]+)"/.exec(value)?.[1] ?? []);
  const ids = new Set((await forms(admin, ADMIN_PAGES())).flatMap(idsOf));
  expect(ids.size).toBeGreaterThan(2);
  const fields = Object.entries({
    ...FILLED_IN(),
    userId: ann.userId,
    id: ann.userId,
    sessionIds: ann.sessionId,
    all: "true",
  });
  const body = multipart([
    ...fields.map(([name, value]): [string, string] => [`1_${name}`, value]),
    ["0", '[{"status":"idle"},"$K1"]'],
  ]);
  for (const id of ids) {
    for (const path of ["/login", "/account", "/admin/users"]) {
      for (const cookie of [undefined, cookieHeader({ access: eve.access })]) {
        const answer = await target().send({
          method: "POST",
          path,
          headers: {
            origin: target().origin,
            "content-type": MULTIPART,
            "next-action": id,
            ...(cookie ? { cookie } : {}),
          },
          body,
        });
        expectRefused(answer, `Next-Action ${id.slice(0, 8)} at ${path}`);
      }
    }
  }
  expect(await snapshot()).toEqual(before);
});

test("a person's own forms do nothing to anybody else's account", async () => {
  const second = await target().logIn(eve);
  const own = await forms(second, ["/account/sessions"]);
  const buttons = own.flatMap(([form]) => form.buttons.map(([name]) => name));
  expect(buttons.length).toBeGreaterThan(0);
  for (const [form] of own) {
    for (const name of buttons) {
      for (const value of [
        ann.sessionId,
        admin.sessionId,
        ann.userId,
        "",
        "*",
        "\u0000",
        "__proto__",
        `${ann.sessionId},${admin.sessionId}`,
      ]) {
        // What ends one's own other sessions on any value is no attack on others; a foreign one must not be among them.
        const answer = await submitForm(
          target(),
          form,
          { [name]: value },
          { cookie: cookieHeader({ access: second.access }) },
        );
        expectHarmless(answer, `${name}=${JSON.stringify(value)}`);
      }
    }
  }
  const idsEnded = async () => JSON.stringify((await snapshot()).ended);
  for (const id of [ann.sessionId, admin.sessionId]) expect(await idsEnded()).not.toContain(id);
  expect((await target().sendAs(ann, { path: "/api/auth/session" })).status).toBe(200);
});

test("another person's password is not changed by a form of one's own, nor one's own without the current one", async () => {
  const before = await snapshot();
  const [entry] = await forms(eve, ["/account/security"]);
  if (entry === undefined) throw new Error("No form to change a password.");
  const [form] = entry;
  const cookie = cookieHeader({ access: eve.access });
  const rows: Record<string, string>[] = [
    { currentPassword: freshPassword(), newPassword: freshPassword() },
    { currentPassword: ann.password, newPassword: freshPassword(), userId: ann.userId, email: ann.email },
    { currentPassword: "", newPassword: freshPassword() },
    { newPassword: freshPassword() },
    { currentPassword: eve.password, newPassword: "short" },
    { currentPassword: eve.password, newPassword: "\u0000".repeat(20) },
  ];
  for (const row of rows)
    expectHarmless(await submitForm(target(), form, row, { cookie }), JSON.stringify(Object.keys(row)));
  expect(await snapshot()).toEqual(before);
});

test("a name is stored as it is and shown as text, and nothing else is stored with it", async () => {
  const [entry] = await forms(eve, ["/account"]);
  if (entry === undefined) throw new Error("No form for a name.");
  const [form] = entry;
  const cookie = cookieHeader({ access: eve.access });
  for (const name of [
    '<script>alert("name")</script>',
    "x".repeat(10_000),
    "\u0000",
    "\ud800",
    "{{7*7}}",
    "=cmd()",
  ]) {
    const answer = await submitForm(
      target(),
      form,
      { name, role: "admin", status: "disabled", email: "taken@example.com" },
      { cookie },
    );
    expectHarmless(answer, JSON.stringify(name).slice(0, 40));
    for (const [path, reader] of [
      ["/account", eve],
      ["/admin/users", admin],
    ] as const) {
      const page = await target().sendAs({ access: reader.access }, { path });
      expect.soft(page.status, path).toBe(200);
      expect.soft(page.text, path).not.toContain('<script>alert("name")');
    }
  }
  const [row] = await target().sql<{ role: string; status: string; email: string }>(
    "SELECT role, status, email FROM users WHERE id = $1",
    [eve.userId],
  );
  expect(row).toEqual({ role: "user", status: "active", email: eve.email });
});

/** The form with one hidden field left out, or holding something else. */
function tampered(form: PageForm, name: string): [row: string, form: PageForm][] {
  const value = form.fields.get(name) ?? "";
  const texts = ["x", `${value}x`, "null", "[]", "{}", value.replace('"bound":"$@1"', '"bound":null')];
  const without = new Map([...form.fields].filter(([other]) => other !== name));
  return [
    [`${name} left out`, { ...form, fields: without }],
    ...texts.map((text): [string, PageForm] => [
      `${name} = ${text}`,
      { ...form, fields: new Map([...form.fields, [name, text]]) },
    ]),
  ];
}

test("a form that was tampered with is a bad request, and no error of the server", async () => {
  const [admins] = await forms(admin, ["/admin/users"]);
  const [login] = await readForms(target(), "/login");
  if (admins === undefined || login === undefined) throw new Error("No form.");
  const senders: [PageForm, HeaderFields][] = [
    [login, {}],
    [admins[0], { cookie: cookieHeader({ access: admin.access }) }],
  ];
  for (const [form, headers] of senders) {
    const hidden = [...form.fields.keys()].filter((name) => name.startsWith("$"));
    for (const [row, sent] of hidden.flatMap((name) => tampered(form, name))) {
      expectHarmless(await submitForm(target(), sent, {}, headers), `${form.path}: ${row}`);
    }
  }
});

test("control: the same forms, sent by the administrator, do what they say", async () => {
  const before = await snapshot();
  for (const [form, filledIn] of await forms(admin, ["/admin/users"])) {
    const answer = await submitForm(
      target(),
      form,
      { ...filledIn, role: "user" },
      { cookie: cookieHeader({ access: admin.access }) },
    );
    expectHarmless(answer, JSON.stringify(filledIn));
  }
  const after = await snapshot();
  expect(after.users.length, "invited").toBeGreaterThan(before.users.length);
  expect(after.links.length, "links made").toBeGreaterThan(before.links.length);
  expect(after.users.filter(({ status }) => status === "disabled").length, "disabled").toBeGreaterThan(0);
  expect(after.ended.length, "ended").toBeGreaterThan(before.ended.length);
});
