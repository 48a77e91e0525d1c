import type { NextRequest } from "next/server";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { isArgumentList, isCalledForm, isPostedForm } from "@/lib/policy/action-body";

/** Throws `invalid_request` or `unsupported_media_type` for a post to a page that no page of ours sends. */
export async function requireOurActionBody(request: NextRequest): Promise<void> {
  const isCalled = request.headers.has("next-action");
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/form-data")) {
    const fields = await readFields(request);
    if (!(isCalled ? isCalledForm(fields) : isPostedForm(fields))) throw malformed();
  } else if (isCalled && type.startsWith("text/plain")) {
    if (!isArgumentList(await request.clone().text())) throw malformed();
  } else {
    throw new LatchkeyError("unsupported_media_type");
  }
}

async function readFields(request: NextRequest): Promise<[string, unknown][]> {
  try {
    return [...(await request.clone().formData()).entries()];
  } catch {
    throw malformed();
  }
}

const malformed = () => new LatchkeyError("invalid_request", { reason: "not a form of ours" });
