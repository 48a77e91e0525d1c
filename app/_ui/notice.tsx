import type { ReactNode } from "react";
import { type NoticeTone, ToneIcon } from "./tone-icon";

const TONES: Record<NoticeTone, { box: string; icon: string }> = {
  info: { box: "border-accent-line bg-accent-soft", icon: "text-accent" },
  success: { box: "border-success-line bg-success-soft", icon: "text-success" },
  warning: { box: "border-warning-line bg-warning-soft", icon: "text-warning" },
  danger: { box: "border-danger-line bg-danger-soft", icon: "text-danger" },
};

export interface NoticeProps {
  tone?: NoticeTone;
  title?: string;
  /** Read aloud when it appears: `alert` at once, `status` when there is a pause. */
  live?: "alert" | "status";
  children?: ReactNode;
}

export function Notice({ tone = "info", title, live, children }: NoticeProps) {
  const { box, icon } = TONES[tone];
  return (
    <div role={live} className={`flex gap-2.5 rounded-control border px-3.5 py-3 text-sm ${box}`}>
      <ToneIcon tone={tone} className={`mt-0.5 size-4 shrink-0 ${icon}`} />
      <div className="grid min-w-0 gap-1 wrap-anywhere">
        {title && <p className="font-semibold">{title}</p>}
        {children && <div>{children}</div>}
      </div>
    </div>
  );
}
