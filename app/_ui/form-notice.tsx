import Link from "next/link";
import { CopyField } from "./copy-field";
import type { FormState } from "./form-state";
import { Notice } from "./notice";

const CHECK_FIELDS = "Check the fields marked below.";

/** The message of a form's last answer, announced and focusable; nothing when there is none. */
export function FormNotice({ state, spaced }: { state: FormState; spaced: boolean }) {
  const message = state.message ?? (state.errors ? CHECK_FIELDS : undefined);
  if (state.status === "idle" || !message) return null;
  const { link, copies = [] } = state;
  const isError = state.status === "error";
  return (
    <div
      data-form-notice=""
      tabIndex={-1}
      className={`grid w-full scroll-mt-6 gap-4 ${spaced ? "mb-5" : ""}`}
    >
      <Notice tone={isError ? "danger" : "success"} live={isError ? "alert" : "status"}>
        {message}
        {link && (
          <>
            {" "}
            <Link href={link.href} prefetch={false}>
              {link.label}
            </Link>
          </>
        )}
      </Notice>
      {copies.map((copy) => (
        <CopyField key={copy.value} {...copy} />
      ))}
    </div>
  );
}
