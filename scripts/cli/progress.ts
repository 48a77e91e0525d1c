/** How far long work is, on one line of the terminal; nothing where standard error is none. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

export function clearProgress(): void {
  showProgress("");
}
