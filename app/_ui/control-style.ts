/** The look of every text-like control. 16 px where there is no room: below that, iOS zooms in on focus. */
export const CONTROL_STYLE =
  "block min-h-10 w-full min-w-0 rounded-control border border-edge bg-surface px-3 py-2 text-[1rem] leading-5 text-ink " +
  "placeholder:text-muted transition-colors hover:border-muted focus-visible:border-accent focus-visible:outline-offset-0 " +
  "aria-invalid:border-danger [&[readonly]]:bg-sunken disabled:cursor-not-allowed disabled:opacity-60 sm:text-base sm:leading-5";
