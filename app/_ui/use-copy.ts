"use client";

import { useState } from "react";

const NOTES = {
  idle: "",
  copied: "Copied.",
  selected: "Selected. Copy it with your keyboard.",
} as const;

/** Copies a text, with a note on what came of it. Where that is not allowed, what `select` selects is left to do. */
export function useCopy(text: string, select: () => void) {
  const [note, setNote] = useState<keyof typeof NOTES>("idle");

  async function copy() {
    select();
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setNote(copied ? "copied" : "selected");
  }

  return { copy, note: NOTES[note] };
}
