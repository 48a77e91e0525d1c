import { buttonStyle } from "./button-style";

interface LeavingProps {
  /** Where the browser goes by itself: an address that has been checked. */
  to: string;
  /** Of the link, for where it does not. */
  label: string;
}

/**
 * Leaves the page for an address that may be elsewhere, without a script or with one. Not a redirect after a form, which
 * `form-action` of the page's policy holds back.
 */
export function Leaving({ to, label }: LeavingProps) {
  return (
    <>
      <meta httpEquiv="refresh" content={`0;url=${to}`} />
      <a href={to} className={buttonStyle({ variant: "secondary" })}>
        <span className="min-w-0 wrap-anywhere">{label}</span>
      </a>
    </>
  );
}
