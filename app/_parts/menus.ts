import type { NavGroup } from "@/app/_ui/navigation";

export const ACCOUNT_MENU: NavGroup = {
  label: "Account",
  items: [
    { href: "/account", label: "Profile" },
    { href: "/account/security", label: "Security" },
    { href: "/account/sessions", label: "Sessions" },
    { href: "/account/apps", label: "Connected apps" },
  ],
};

export const ADMIN_MENU: NavGroup = {
  label: "Admin",
  items: [
    { href: "/admin/sessions", label: "Sessions" },
    { href: "/admin/users", label: "Users" },
    { href: "/admin/keys", label: "Keys" },
    { href: "/admin/audiences", label: "Audiences" },
    { href: "/admin/clients", label: "Clients" },
  ],
};
