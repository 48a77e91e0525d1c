/**
 * What the tab is called, in place of Next's metadata: that comes after its page, and the tab is without a name in
 * between. This one comes and goes with the heading it repeats.
 */
export function TabTitle({ heading }: { heading: string }) {
  return <title>{`${heading} · Latchkey`}</title>;
}
