import type { Answer, HeaderFields } from "./http";
import type { Target } from "./target";

/** A page's form as a browser without JavaScript sends it. */
export interface PageForm {
  path: string;
  /** Each named input and its value, in the order of the page; of a select, nothing. */
  fields: Map<string, string>;
  /** Name and value of each button that has them. */
  buttons: [name: string, value: string][];
}

/** Every form of a page that posts. */
export async function readForms(
  target: Target,
  path: string,
  headers: HeaderFields = {},
): Promise<PageForm[]> {
  const answer = await target.send({ path, headers });
  const forms = [...answer.text.matchAll(/<form\b[^>]*method="POST"[^>]*>([\s\S]*?)<\/form>/gi)];
  if (forms.length === 0)
    throw new Error(`No form at ${path}: ${answer.status} ${answer.headers.location ?? ""}`);
  return forms.map(([, content = ""]) => ({
    path,
    fields: new Map(namedTags(content, "input")),
    buttons: namedTags(content, "button"),
  }));
}

/** The form of a page that has one. */
export async function readForm(target: Target, path: string, headers: HeaderFields = {}): Promise<PageForm> {
  const [form] = await readForms(target, path, headers);
  if (form === undefined) throw new Error(`No form at ${path}`);
  return form;
}

export function submitForm(
  target: Target,
  form: PageForm,
  filledIn: Record<string, string>,
  headers: HeaderFields = {},
): Promise<Answer> {
  return target.send({
    method: "POST",
    path: form.path,
    headers: { origin: target.origin, "content-type": MULTIPART, ...headers },
    body: multipart(new Map([...form.fields, ...Object.entries(filledIn)])),
  });
}

const BOUNDARY = "----attack";
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

export function multipart(fields: Iterable<[name: string, value: string]>): string {
  const parts = [...fields].map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join("")}--${BOUNDARY}--\r\n`;
}

function namedTags(html: string, element: "input" | "button"): [string, string][] {
  const tags = [...html.matchAll(new RegExp(`<${element}\\b[^>]*>`, "g"))].map(([tag]) => tag);
  return tags.flatMap((tag): [string, string][] => {
    const name = attribute(tag, "name");
    return name === null ? [] : [[name, attribute(tag, "value") ?? ""]];
  });
}

const ENTITIES: Record<string, string> = {
  quot: '"',
  amp: "&",
  lt: "<",
  gt: ">",
  "#x27": "'",
  "#39": "'",
  "#x2F": "/",
};

function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found?.replace(/&([\w#]+);/g, (whole, entity: string) => ENTITIES[entity] ?? whole) ?? null;
}
