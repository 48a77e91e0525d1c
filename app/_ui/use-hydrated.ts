"use client";

import { useSyncExternalStore } from "react";

const neverChanges = () => () => {};

/** False on the server and while hydrating, true afterwards: for what makes sense with JavaScript alone. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    neverChanges,
    () => true,
    () => false,
  );
}
