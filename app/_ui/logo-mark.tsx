/** A key whose shaft runs out of the frame, like a bolt that is thrown. */
export function LogoMark({ className }: { className: string }) {
  return (
    <svg viewBox="0 0 28 28" fill="none" aria-hidden="true" className={className}>
      <rect width="28" height="28" rx="7" className="fill-accent" />
      <g strokeWidth="2.5" className="stroke-on-accent">
        <circle cx="10" cy="14" r="4" />
        <path d="M14 14h14M20 14v4.5" />
      </g>
    </svg>
  );
}
