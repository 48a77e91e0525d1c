import { requireSession } from "@/app/_http/current-session";
import type { SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { PageHeader } from "@/app/_ui/page-header";
import { answerDevice } from "./actions";
import { DeviceSteps } from "./device-steps";

/** Where a device without a browser sends its person (RFC 8628 section 3.3). A code in the address decides nothing. */
export default async function DevicePage({ searchParams }: { searchParams: SearchParams }) {
  await requireSession();
  const { user_code: userCode } = await searchParams;
  return (
    <SignedInShell>
      <PageHeader
        title="Connect a device"
        description="Let a program in that runs where there is no browser, as a television or a terminal."
      />
      <Card>
        <ActionForm action={answerDevice} label="Connect a device">
          <DeviceSteps userCode={typeof userCode === "string" ? userCode : ""} />
        </ActionForm>
      </Card>
    </SignedInShell>
  );
}
