import type { ReactNode } from "react";
import { Field } from "@/app/_ui/field";
import { TextArea } from "@/app/_ui/text-area";
import { TextInput } from "@/app/_ui/text-input";

/** What a field holds at first: null for nothing. */
export interface At {
  at: string | null;
}

interface NamedField extends At {
  name: string;
  label: string;
  hint: ReactNode;
}

/** Several values, one a line. */
export function LinesField({ at, rows = 2, ...named }: NamedField & { rows?: number }) {
  return (
    <Field {...named}>
      <TextArea rows={rows} defaultValue={at ?? undefined} />
    </Field>
  );
}

/** An address that Latchkey calls. */
export function AddressField({ at, placeholder, ...named }: NamedField & { placeholder: string }) {
  return (
    <Field {...named}>
      <TextInput type="url" autoComplete="off" placeholder={placeholder} defaultValue={at ?? undefined} />
    </Field>
  );
}
