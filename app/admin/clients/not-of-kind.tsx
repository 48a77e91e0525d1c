import type { ReactNode } from "react";

// Out of sight where such a client is chosen, and left out then (client-kinds.ts). By CSS, so without JavaScript too.

export const NotOfServices = ({ children }: { children: ReactNode }) => (
  <div className="grid gap-5 group-has-[input[value=service]:checked]/kind:hidden">{children}</div>
);

export const NotOfApps = ({ children }: { children: ReactNode }) => (
  <div className="grid gap-5 group-has-[input[value=app]:checked]/kind:hidden">{children}</div>
);

export const OfAppsAlone = ({ children }: { children: ReactNode }) => (
  <div className="hidden gap-5 group-has-[input[value=app]:checked]/kind:grid">{children}</div>
);
