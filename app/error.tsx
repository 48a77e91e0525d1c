"use client";

import { BrokenPage } from "./_parts/broken-page";

export default function ErrorPage({ retry }: { retry: () => void }) {
  return <BrokenPage retry={retry} />;
}
