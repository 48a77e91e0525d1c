"use client";

import { BrokenPage } from "./_parts/broken-page";
import "./globals.css";

/** In place of the whole document, when the root layout itself failed. */
export default function GlobalErrorPage({ retry }: { retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <BrokenPage retry={retry} />
      </body>
    </html>
  );
}
