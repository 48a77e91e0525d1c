import type { Clock } from "@/lib/crypto/clock";
import type { DenialStore } from "../denial";
import { DenialCopy } from "../denial-copy";
import { Denylist, type DenylistSource } from "../denylist";

/** A denylist as it is without Redis, on any store. */
function denylistOf(mode: "strict" | "replica", store: DenialStore, clock: Clock, heard: DenylistSource[]) {
  const onAnswer = (source: DenylistSource) => void heard.push(source);
  return new Denylist({ mode, store, copy: new DenialCopy(store, clock), shared: null, clock, onAnswer });
}

/** `heard` collects who answered. */
export const strictDenylist = (store: DenialStore, clock: Clock, heard: DenylistSource[] = []): Denylist =>
  denylistOf("strict", store, clock, heard);

export const replicaDenylist = (store: DenialStore, clock: Clock, heard: DenylistSource[] = []): Denylist =>
  denylistOf("replica", store, clock, heard);
