/** What an administrator gets to see this once, to pass it on. */
export const secretToPassOn = (name: string, secret: string) => ({
  label: `Secret of ${name}`,
  value: secret,
  hint: "Whoever has it can act as this client. Pass it on to the client alone; it is not shown again.",
});
