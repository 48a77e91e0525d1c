/**
 * Turbopack loads a lazy chunk by `script.src = text` and makes no policy of its own (measured, Next 16.4.6:
 * with `trusted-types nextjs nextjs#bundler` the first lazy chunk is blocked). The policy by this name, which
 * the browser asks for such text, is created in `instrumentation-client.ts` and knows script addresses alone:
 * text as HTML or as script stays refused.
 */
export const TRUSTED_TYPES_POLICY = "default";

const CHUNK = /^\/_next\/static\/[^?#]+\.js$/;

/**
 * Whether a script address is one of our own built files. The policy must hand back the text as it came:
 * Turbopack finds a chunk again by its `src` attribute.
 */
export function isOwnScriptUrl(url: string, origin: string): boolean {
  if (!URL.canParse(url, origin)) return false;
  const target = new URL(url, origin);
  return target.origin === origin && CHUNK.test(target.pathname);
}
