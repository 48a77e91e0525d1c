import { GRANT_TYPES } from "@/lib/oauth/client";
import type { Typed } from "../query";
import {
  AlgorithmField,
  BackchannelLogoutUriField,
  DpopTick,
  GrantTypeTick,
  OriginsField,
  PostLogoutRedirectUrisField,
  PushedRequestsTick,
} from "../setting-fields";
import { TickGroup } from "../tick-group";

interface AdvancedFieldsProps {
  at: Typed;
  /** It cannot prove that it asks: it gets nothing of its own, and may be a page elsewhere. */
  isPublic: boolean;
}

export function AdvancedFields({ at, isPublic }: AdvancedFieldsProps) {
  const ticked = at.grantTypes?.split(" ") ?? [];
  return (
    <>
      <TickGroup legend="What for" names={["grantTypes"]}>
        {GRANT_TYPES.filter((name) => !isPublic || name !== "client_credentials").map((name) => (
          <GrantTypeTick key={name} value={name} ticked={ticked} />
        ))}
      </TickGroup>
      {isPublic && <OriginsField at={at.origins} />}
      <PostLogoutRedirectUrisField at={at.postLogoutRedirectUris} />
      <BackchannelLogoutUriField at={at.backchannelLogoutUri} />
      <AlgorithmField at={at.algorithm} />
      <TickGroup legend="It must" names={["requiresDpop", "requiresPushedRequests"]}>
        <DpopTick isTicked={at.requiresDpop === "yes"} />
        <PushedRequestsTick isTicked={at.requiresPushedRequests === "yes"} />
      </TickGroup>
    </>
  );
}
