"use client";

import { createContext } from "react";
import { type FormState, IDLE } from "./form-state";

/** The last answer to the form around a field. */
export const FormContext = createContext<FormState>(IDLE);
