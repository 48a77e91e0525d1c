// What an administrator gets to see this once, to pass it on.

export const feedTokenToPassOn = (identifier: string, feedToken: string) => ({
  label: `Feed token of ${identifier}`,
  value: feedToken,
  hint: "The service reads the revocation feed with it. Pass it on to the service alone; it is not shown again.",
});

export const secretToPassOn = (identifier: string, secret: string) => ({
  label: `Secret of ${identifier}`,
  value: secret,
  hint: "Whoever has it can make tokens for this service. Pass it on to the service alone; it is not shown again.",
});
