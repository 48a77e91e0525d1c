import { describeAuthorizationCodes } from "./testing/authorization-codes-contract";
import { describeOnBoth } from "./testing/both-databases";
import { describeClients } from "./testing/clients-contract";
import { describeConsents } from "./testing/consents-contract";
import { describeDeviceAuthorizations } from "./testing/device-authorizations-contract";
import { describeLogoutDeliveries } from "./testing/logout-deliveries-contract";
import { describePushedRequests } from "./testing/pushed-requests-contract";
import { describeUsedProofs } from "./testing/used-proofs-contract";

describeOnBoth("what OAuth keeps", (database) => {
  describeClients(database);
  describeConsents(database);
  describeAuthorizationCodes(database);
  describePushedRequests(database);
  describeDeviceAuthorizations(database);
  describeUsedProofs(database);
  describeLogoutDeliveries(database);
});
