import { type PageForm, readForms, submitForm } from "../../attacks/support/page-forms";
import type { Target } from "../../attacks/support/target";
import type { Server } from "./cluster";
import type { Visitor } from "./visitor";

export type { PageForm } from "../../attacks/support/page-forms";

/** A server as this visitor's browser without JavaScript sees it. */
const asTarget = (visitor: Visitor, server: Server) =>
  ({
    origin: server.origin,
    send: async ({ method = "GET", path, headers, body }) => {
      const options = { headers: headers as Record<string, string>, body };
      const {
        status,
        headers: fields,
        setCookies,
        body: text,
      } = await visitor.request(server, method, path, options);
      return { status, headers: fields, setCookies, text };
    },
  }) as Target;

/** The first form of a page with a field of this name. */
export async function openForm(
  visitor: Visitor,
  server: Server,
  path: string,
  field: string,
): Promise<PageForm> {
  const forms = await readForms(asTarget(visitor, server), path);
  const form = forms.find(({ fields }) => fields.has(field));
  if (form === undefined) throw new Error(`No form with ${field} at ${path}`);
  return form;
}

/** Sends it as a browser without JavaScript does. */
export const sendForm = (
  visitor: Visitor,
  server: Server,
  form: PageForm,
  filledIn: Record<string, string>,
) => submitForm(asTarget(visitor, server), form, filledIn);
