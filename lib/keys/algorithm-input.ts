import { z } from "zod";
import { ALGORITHMS, type Algorithm } from "./algorithms";

/** An algorithm as somebody names it. Apart from the table, which services verify with. */
export const algorithmSchema = z
  .enum(Object.keys(ALGORITHMS) as Algorithm[], "Choose one of the algorithms.")
  .optional();
