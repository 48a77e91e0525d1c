/** Every duration that is not a setting, once, with its unit in the name. */

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_DAY = 86_400;

export const minutesToSeconds = (minutes: number): number => minutes * SECONDS_PER_MINUTE;
export const daysToSeconds = (days: number): number => days * SECONDS_PER_DAY;

/** No access token lives longer, whatever ACCESS_TOKEN_MINUTES says. */
export const MAX_ACCESS_TOKEN_SECONDS = 15 * SECONDS_PER_MINUTE;

/** No setting of CLOCK_TOLERANCE_SECONDS is larger. */
export const MAX_CLOCK_TOLERANCE_SECONDS = 30;

/**
 * The longest that an access token issued until now is accepted by anybody, under any setting: its lifetime, once the
 * tolerance for the clock that issued it, once for the clock that checks it.
 */
export const ACCEPTED_ACCESS_TOKEN_SECONDS = MAX_ACCESS_TOKEN_SECONDS + 2 * MAX_CLOCK_TOLERANCE_SECONDS;

/** How long the previous refresh token is answered with the current one: parallel tabs, a quick retry. */
export const REFRESH_OVERLAP_SECONDS = 30;

/** A session that has ended is kept for this long, for those who look back. */
export const SESSION_RETENTION_SECONDS = 30 * SECONDS_PER_DAY;

/** A sign-in younger than this may change roles, keys and clients. */
export const FRESH_SIGN_IN_SECONDS = 15 * SECONDS_PER_MINUTE;

/** An invitation or reset link works for this long. */
export const ONE_TIME_LINK_SECONDS = 60 * SECONDS_PER_MINUTE;

/** The link printed at start lives as long as an operator may need to open it. */
export const SETUP_LINK_SECONDS = SECONDS_PER_DAY;

/** For how long others may keep the JWKS, and for how long beyond that while they ask again. */
export const JWKS_MAX_AGE_SECONDS = 300;
export const JWKS_STALE_SECONDS = 60;

/** How often a replica of the denylist asks for news; well under the promised second. */
export const DENYLIST_POLL_MS = 400;

/** A replica that has not heard from the database for this long is no longer believed. */
export const DENYLIST_STALE_MS = 1_000;

/** How often Redis is asked whether it may evict keys. */
export const REDIS_CHECK_MS = 5_000;

/** An acknowledgement that takes longer goes on beside its request. */
export const ACKNOWLEDGE_WAIT_MS = 250;

/** A poll reads this far back, further than any transaction that writes a denial may take. */
export const DENYLIST_POLL_OVERLAP_SECONDS = 30;

/** How often new audit events are chained; for so long an event is not protected by a hash. */
export const AUDIT_CHAIN_MS = 1_000;

/** The keyring is read again this often: a revoked key is out of use within the promised second. */
export const KEYRING_POLL_MS = 400;

/** Unknown key ids have the keyring read at most this often. */
export const KEYRING_COOLDOWN_MS = 1_000;

/** A keyring that has not been read for this long is, before it signs: its key may have been replaced. */
export const KEYRING_STALE_SECONDS = 30;

/**
 * A key is published for this long before it signs: three times what the JWKS may be cached, which is also longer
 * than the ten minutes for which `createRemoteJWKSet` of jose keeps one that does not say.
 */
export const KEY_STAGED_SECONDS = 3 * JWKS_MAX_AGE_SECONDS;

/** A key that no longer signs verifies until every token it signed has expired everywhere. */
export const KEY_RETIRING_SECONDS = KEYRING_STALE_SECONDS + ACCEPTED_ACCESS_TOKEN_SECONDS;

/** A key that nobody has moved so long after its time belongs to nobody any more. */
export const KEY_ABANDONED_SECONDS = SECONDS_PER_DAY;

/** The tokens of a revoked key are denied for this long, whatever a process remembers of its keys. */
export const KEY_DENIAL_SECONDS = 30 * SECONDS_PER_DAY;

/** Those of a revoked secret practically without end: the service accepts them until somebody takes it out there. */
export const SECRET_DENIAL_SECONDS = 100 * 365 * SECONDS_PER_DAY;

/** A signer outside that has not answered by then does not. */
export const SIGNER_DEADLINE_MS = 2_000;

/** The same for making a key, which takes a while for RSA. */
export const SIGNER_GENERATE_MS = 15_000;

/** How often a signer outside is asked which keys it holds, and told to forget those that are over. */
export const SIGNER_SWEEP_MS = 30_000;

/** A key stays with the signer outside for so long after it stopped: an instance may not have heard of that. */
export const SIGNER_KEEP_SECONDS = KEYRING_STALE_SECONDS + SIGNER_DEADLINE_MS / 1000;

/** A key that has no record after so long was made for nothing, as by a process that died meanwhile. */
export const SIGNER_UNCLAIMED_SECONDS = 60 * SECONDS_PER_MINUTE;

/** How often the number of signatures of each key is written down. */
export const SIGNATURE_COUNT_MS = 5_000;

export const HSTS_MAX_AGE_SECONDS = 2 * 365 * SECONDS_PER_DAY;

/** No setting of SHUTDOWN_DELAY_SECONDS is larger. */
export const MAX_SHUTDOWN_DELAY_SECONDS = 30;

/** Long enough for a load balancer to notice that an instance will end. */
export const MULTIPLE_SHUTDOWN_DELAY_SECONDS = 3;

/** Time a stopping process gives to the requests in flight. */
export const DRAIN_MS = 10_000;

/** A call to Redis that has no answer by then has failed; nobody waits longer. */
export const REDIS_DEADLINE_MS = 50;

/** After several failures in a row Redis is left alone for this long, then one call tries it again. */
export const REDIS_CIRCUIT_PAUSE_MS = 1_000;

/** A connection attempt is given up after this long, and the next one is made this long after the last. */
export const REDIS_CONNECT_MS = 1_000;
export const REDIS_RECONNECT_MS = 200;

/** A connection that owes an answer and has been silent for this long is replaced. */
export const REDIS_SILENCE_MS = 500;

/** What the server may take to end a connection that is closed here. */
export const REDIS_CLOSE_MS = 100;

/** A document of another server that is not there by then, with its last byte, is not taken. */
export const OUTBOUND_DEADLINE_MS = 5_000;

/** The keys that another server publishes are used for this long before they are asked for again. */
export const PUBLISHED_KEY_SECONDS = 5 * SECONDS_PER_MINUTE;

/** While that server cannot be asked, what it published last is used for this long. */
export const PUBLISHED_KEY_STALE_SECONDS = 60 * SECONDS_PER_MINUTE;

/** A server that could not be asked for its keys is left alone for this long. */
export const PUBLISHER_COOLDOWN_SECONDS = 10;

/** A logout token is accepted for this long (OpenID Connect Back-Channel Logout 1.0 section 2.4: at most two minutes). */
export const LOGOUT_TOKEN_SECONDS = 2 * SECONDS_PER_MINUTE;

/** How often clients that are yet to hear of an ending are looked for. */
export const LOGOUT_DELIVERY_MS = 1_000;

/** A client that has not taken a logout token is asked again after this long, and after twice as long each time. */
export const LOGOUT_RETRY_SECONDS = 5;
export const MAX_LOGOUT_RETRY_SECONDS = 15 * SECONDS_PER_MINUTE;

/** A client that has taken no logout token for this long is not asked again. */
export const LOGOUT_ABANDONED_SECONDS = SECONDS_PER_DAY;

/** A delivery that one process has taken is no other's for this long: three times what a client has for its answer. */
export const LOGOUT_HOLD_SECONDS = 15;

/** A device code, and the user code that belongs to it, work for this long. */
export const DEVICE_AUTHORIZATION_SECONDS = 10 * SECONDS_PER_MINUTE;

/** A device waits for so long between two polls, and for so much longer each time that it did not (RFC 8628 section 3.5). */
export const DEVICE_POLL_SECONDS = 5;

/** An authorization code is good for this long (RFC 9700 section 2.1.1 and ASVS 10.4.3: at most a minute). */
export const AUTHORIZATION_CODE_SECONDS = 60;

/** A request that was sent ahead (RFC 9126) waits this long for its person. */
export const PUSHED_REQUEST_SECONDS = 10 * SECONDS_PER_MINUTE;

/** Who was sent to sign in again has this long for it. */
export const SIGN_IN_AGAIN_SECONDS = 10 * SECONDS_PER_MINUTE;

/** Who has just signed in because a client asked for it goes on for this long, however little its `max_age` is. */
export const NEW_SIGN_IN_SECONDS = 60;

/** A client has this long to read an ID token. */
export const ID_TOKEN_SECONDS = 10 * SECONDS_PER_MINUTE;

/** A DPoP proof is this old at most, or this far ahead (RFC 9449 section 11.1). */
export const DPOP_PROOF_SECONDS = 60;

/** A nonce for DPoP proofs is good for this long. */
export const DPOP_NONCE_SECONDS = 5 * SECONDS_PER_MINUTE;
