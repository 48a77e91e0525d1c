import { redirect } from "next/navigation";
import { requireAdmin } from "@/app/_http/current-session";

export default async function AdminPage() {
  await requireAdmin();
  redirect("/admin/sessions");
}
