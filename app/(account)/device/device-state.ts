import type { FormState } from "@/app/_ui/form-state";

/** What a person sees of the program that waits with a code. */
export interface DeviceView {
  userCode: string;
  clientName: string;
  ip: string;
  device: string;
  /** RFC 3339. */
  since: string;
  /** What it may do, a sentence each. */
  access: string[];
}

/** As `FormState`; the request is there while it waits for an answer. */
export interface DeviceState extends FormState {
  request?: DeviceView;
}
