import { DEVICE_CODE } from "@/lib/oauth/client";
import { ADVANCED_FIELDS, KEY_FIELDS } from "./form-fields";
import { MoreSettings } from "./more-settings";
import { NotOfApps, NotOfServices, OfAppsAlone } from "./not-of-kind";
import type { Typed } from "./query";
import {
  AlgorithmField,
  BackchannelLogoutUriField,
  DpopTick,
  GrantTypeTick,
  KeyFields,
  OriginsField,
  PostLogoutRedirectUrisField,
  PushedRequestsTick,
} from "./setting-fields";
import { TickGroup } from "./tick-group";

const NAMES = [...KEY_FIELDS, ...ADVANCED_FIELDS];

/** What few new clients need. */
export function NewClientAdvanced({ typed }: { typed: Typed }) {
  const ticked = typed.grantTypes?.split(" ") ?? [];
  return (
    <MoreSettings summary="Advanced settings" names={NAMES} isOpen={NAMES.some((name) => typed[name])}>
      <NotOfServices>
        <TickGroup legend="Also" names={["grantTypes"]}>
          <GrantTypeTick value={DEVICE_CODE} ticked={ticked} />
          <NotOfApps>
            <GrantTypeTick value="client_credentials" ticked={ticked} />
          </NotOfApps>
        </TickGroup>
      </NotOfServices>
      <NotOfApps>
        <KeyFields
          jwks={typed.jwks}
          jwksUri={typed.jwksUri}
          hint="As a JWK Set, or one JWK. With one of these two it authenticates by a signed assertion, and has no secret."
        />
      </NotOfApps>
      <OfAppsAlone>
        <OriginsField at={typed.origins} />
      </OfAppsAlone>
      <NotOfServices>
        <PostLogoutRedirectUrisField at={typed.postLogoutRedirectUris} />
        <BackchannelLogoutUriField at={typed.backchannelLogoutUri} />
      </NotOfServices>
      <AlgorithmField at={typed.algorithm} />
      <TickGroup legend="It must" names={["requiresDpop", "requiresPushedRequests"]}>
        <DpopTick isTicked={typed.requiresDpop === "yes"} />
        <NotOfServices>
          <PushedRequestsTick isTicked={typed.requiresPushedRequests === "yes"} />
        </NotOfServices>
      </TickGroup>
    </MoreSettings>
  );
}
