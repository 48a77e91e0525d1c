const BASE =
  "relative inline-flex cursor-pointer items-center justify-center gap-2 rounded-control border text-center font-medium " +
  "no-underline transition-colors select-none aria-disabled:cursor-progress disabled:cursor-not-allowed disabled:opacity-60";

const VARIANTS = {
  primary: "border-transparent bg-accent text-on-accent hover:bg-accent-strong",
  secondary: "border-rim bg-surface text-ink hover:border-edge hover:bg-sunken",
  danger: "border-rim bg-surface text-danger hover:border-danger hover:bg-danger-soft",
  /** For the last step of something dangerous, not for the button that opens it. */
  dangerSolid: "border-transparent bg-danger text-on-danger hover:bg-danger-strong",
  quiet: "border-transparent bg-transparent text-muted hover:bg-sunken hover:text-ink",
} as const;

const SIZES = {
  medium: "min-h-10 px-4 py-1.5 text-base",
  small: "min-h-8 px-3 py-1 text-sm pointer-coarse:min-h-10",
} as const;

export interface ButtonLook {
  variant?: keyof typeof VARIANTS | undefined;
  size?: keyof typeof SIZES | undefined;
  /** As wide as its container. */
  block?: boolean | undefined;
}

export function buttonStyle({ variant = "secondary", size = "medium", block = false }: ButtonLook): string {
  return `${BASE} ${VARIANTS[variant]} ${SIZES[size]} ${block ? "w-full" : ""}`;
}
