export interface NavGroup {
  label: string;
  items: readonly { href: string; label: string }[];
}

/** The entry a path belongs to: itself, or the nearest one above it. */
export function currentHref(groups: readonly NavGroup[], path: string): string | undefined {
  return groups
    .flatMap((group) => group.items.map((item) => item.href))
    .filter((href) => path === href || path.startsWith(`${href}/`))
    .sort((a, b) => b.length - a.length)[0];
}
