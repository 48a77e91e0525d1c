"use client";

import { useSyncExternalStore } from "react";
import { exactLocalText, localText, relativeText, utcText } from "./time-text";

const TICK_MS = 30_000;

interface TimeProps {
  /** An instant; a string is RFC 3339. */
  at: Date | string;
  /** With JavaScript: "3 minutes ago", or the date in the reader's time zone. Without it: the date in UTC. */
  format?: "relative" | "absolute";
}

export function Time({ at, format = "relative" }: TimeProps) {
  const date = new Date(at);
  const nowMs = useSyncExternalStore(onTick, currentTick, () => null);
  const iso = date.toISOString();
  if (nowMs === null)
    return (
      <time dateTime={iso} className="whitespace-nowrap">
        {utcText(date)}
      </time>
    );
  return (
    <time dateTime={iso} title={exactLocalText(date)} className="whitespace-nowrap">
      {format === "relative" ? relativeText(date, Date.now()) : localText(date)}
    </time>
  );
}

function onTick(tick: () => void): () => void {
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
}

function currentTick(): number | null {
  return Math.floor(Date.now() / TICK_MS);
}
