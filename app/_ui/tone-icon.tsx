export type NoticeTone = "success" | "warning" | "danger";

const MARKS: Record<NoticeTone, string> = {
  success: "m5.25 8.25 2 2 3.5-4.25",
  warning: "M8 4.5v4.25M8 11.25v.01",
  danger: "m5.75 5.75 4.5 4.5m0-4.5-4.5 4.5",
};

/** A tone's sign, so that it does not rest on colour alone. */
export function ToneIcon({ tone, className }: { tone: NoticeTone; className: string }) {
  return (
    <svg viewBox="0 0 16 16" fill="none" aria-hidden="true" className={className}>
      <circle cx="8" cy="8" r="6.75" stroke="currentColor" strokeWidth="1.5" />
      <path
        d={MARKS[tone]}
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
