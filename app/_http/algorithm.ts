import { z } from "zod";
import { ALGORITHMS, type Algorithm } from "@/lib/keys/algorithms";

/** Of which line of keys; left out: that of our own pages. */
export const algorithmSchema = z
  .enum(Object.keys(ALGORITHMS) as Algorithm[], "Choose one of the algorithms.")
  .optional();
