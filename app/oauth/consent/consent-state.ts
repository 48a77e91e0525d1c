import type { FormState } from "@/app/_ui/form-state";

/** Once the person has answered: where the browser goes. */
export type ConsentState = FormState & { leaveTo?: string };
