import { ButtonLink } from "./button-link";

interface PaginationProps {
  /** Null on the last page. */
  nextHref: string | null;
  /** Null on the first page. A cursor only goes forward, so the way back is to the start. */
  firstHref: string | null;
}

export function Pagination({ nextHref, firstHref }: PaginationProps) {
  if (!nextHref && !firstHref) return null;
  return (
    <nav aria-label="Pages" className="flex flex-wrap justify-between gap-3">
      {firstHref ? <ButtonLink href={firstHref}>First page</ButtonLink> : <span />}
      {nextHref && <ButtonLink href={nextHref}>Next page</ButtonLink>}
    </nav>
  );
}
