import type { ReactNode } from "react";
import { type NoticeTone, ToneIcon } from "./tone-icon";

const TONES: Record<NoticeTone, { box: string; icon: string }> = {
  success: { box: "border-success-line bg-success-soft", icon: "text-success" },
  warning: { box: "border-warning-line bg-warning-soft", icon: "text-warning" },
  danger: { box: "border-danger-line bg-danger-soft", icon: "text-danger" },
};

interface NoticeProps {
  tone: NoticeTone;
  /** Read aloud when it appears: `alert` at once, `status` when there is a pause. */
  live?: "alert" | "status";
  children: ReactNode;
}

export function Notice({ tone, live, children }: NoticeProps) {
  const { box, icon } = TONES[tone];
  return (
    <div role={live} className={`flex gap-2.5 rounded-control border px-3.5 py-3 text-sm ${box}`}>
      <ToneIcon tone={tone} className={`mt-0.5 size-4 shrink-0 ${icon}`} />
      <div className="min-w-0 wrap-anywhere">{children}</div>
    </div>
  );
}
