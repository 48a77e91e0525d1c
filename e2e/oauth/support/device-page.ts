import { expect } from "playwright/test";
import { cookieHeader } from "../../attacks/support/cookies";
import { type PageForm, readForms, submitForm } from "../../attacks/support/page-forms";
import type { Person, Target } from "../../attacks/support/target";
import { pressed } from "./browser";

/** The person types the code that the device shows, and presses the button. */
export async function answerDevice(
  target: Target,
  person: Person,
  userCode: string,
  answer: "allow" | "deny",
): Promise<void> {
  const headers = { cookie: cookieHeader(person) };
  const path = `/device?user_code=${userCode}`;
  const typed = await submitForm(
    target,
    codeForm(await readForms(target, path, headers)),
    { userCode },
    headers,
  );
  const question = codeForm(await readForms({ ...target, send: async () => typed }, path, headers));
  const answered = await submitForm(target, question, pressed(question, answer), headers);
  expect(answered.text).toContain(answer === "allow" ? "is let in" : "is not let in");
}

function codeForm(forms: PageForm[]): PageForm {
  const form = forms.find(({ fields }) => fields.has("userCode"));
  if (form === undefined) throw new Error("The page does not ask for a code.");
  return form;
}
