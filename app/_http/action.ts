import { headers } from "next/headers";
import { unstable_rethrow } from "next/navigation";
import type { z } from "zod";
import type { FormState } from "@/app/_ui/form-state";
import type { Actor } from "@/lib/audit/actor";
import type { Client } from "@/lib/audit/events";
import type { ErrorCode } from "@/lib/errors/catalogue";
import { type Services, services } from "@/lib/services";
import type { VerifiedClaims } from "@/lib/tokens/verify";
import { actorOf } from "./actor-of";
import { clientOf } from "./client-of";
import { requireAdmin, requireSession } from "./current-session";
import { readForm, typedValues } from "./forms";
import { parseInput } from "./parse-input";
import { explainRefusal } from "./refusal-text";
import { toRefusal } from "./refuse";

type FieldName<Schema extends z.ZodObject> = keyof Schema["shape"] & string;
type PasswordName = "password" | "currentPassword" | "newPassword";

/** What an action takes from the form that calls it. */
interface FormSpec<Schema extends z.ZodObject> {
  /** Its fields are read, and no other. */
  schema: Schema;
  /** The fields that a refusal gives back as they were typed. Never a password. */
  kept?: readonly Exclude<FieldName<Schema>, PasswordName>[];
  /** What to say of a refusal here, instead of the catalogue's sentence. */
  advice?: RefusalAdvice;
}

export type RefusalAdvice = Partial<Record<ErrorCode, Pick<FormState, "message" | "errors" | "link">>>;

/** One call of a form's action. */
interface ActionCall<Input> {
  latchkey: Services;
  client: Client;
  input: Input;
}

interface SignedIn {
  claims: VerifiedClaims;
  /** The same person, as the use cases and the audit log know them. */
  actor: Actor;
}

type Act<Schema extends z.ZodObject, Caller> = (
  call: ActionCall<z.output<Schema>> & Caller,
) => Promise<FormState>;

/** The answer of an action that is open to all; what it throws becomes a form's state, redirects of Next excepted. */
export function publicAction<Schema extends z.ZodObject>(
  form: FormData,
  spec: FormSpec<Schema>,
  act: Act<Schema, unknown>,
): Promise<FormState> {
  return answer(form, spec, async () => ({}), act);
}

/** As `publicAction`, for a signed-in person. Checked here again, whatever middleware has found. */
export function sessionAction<Schema extends z.ZodObject>(
  form: FormData,
  spec: FormSpec<Schema>,
  act: Act<Schema, SignedIn>,
): Promise<FormState> {
  return answer(form, spec, async (client) => signedIn(await requireSession(), client), act);
}

/** As `sessionAction`, for an administrator. */
export function adminAction<Schema extends z.ZodObject>(
  form: FormData,
  spec: FormSpec<Schema>,
  act: Act<Schema, SignedIn>,
): Promise<FormState> {
  return answer(form, spec, async (client) => signedIn(await requireAdmin(), client), act);
}

const signedIn = (claims: VerifiedClaims, client: Client): SignedIn => ({
  claims,
  actor: actorOf(claims, client),
});

async function answer<Schema extends z.ZodObject, Caller>(
  form: FormData,
  { schema, kept = [], advice = {} }: FormSpec<Schema>,
  admit: (client: Client) => Promise<Caller>,
  act: Act<Schema, Caller>,
): Promise<FormState> {
  const latchkey = services();
  const requestHeaders = await headers();
  const client = clientOf(requestHeaders);
  const values = typedValues(form, kept);
  try {
    const caller = await admit(client);
    const input = parseInput(schema, readForm(form, schema));
    const state = await act({ latchkey, client, input, ...caller });
    return state.status === "error" ? { values, ...state } : state;
  } catch (error) {
    unstable_rethrow(error);
    const refusal = toRefusal(error, latchkey, requestHeaders.get("x-request-id") ?? "");
    return { status: "error", ...(advice[refusal.code] ?? explainRefusal(refusal)), values };
  }
}
