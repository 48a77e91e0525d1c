import { connect } from "./latchkey.js";
import { signIn } from "./sign-in.js";
import { endSignIn, fetchPerson, keepSignIn, SignedOutError } from "./tokens.js";

const COMMANDS = { login, whoami, logout };

async function login(config) {
  await keepSignIn(config, await signIn(config));
  await whoami(config);
}

async function whoami(config) {
  const { email } = await fetchPerson(config);
  console.log(`You are signed in as ${email}.`);
}

async function logout(config) {
  await endSignIn(config);
  console.log("You are signed out.");
}

/** What a person can do about it; `cause` has what a library has hidden. */
function sentenceFor(error) {
  if (error instanceof SignedOutError) return `${error.message} Sign in: node cli.js login`;
  if (error.error === "access_denied") return "You have refused.";
  if (error.name === "AbortError") return "Nobody has signed in. Try again: node cli.js login";
  return [error.message, error.cause?.message ?? error.error_description].filter(Boolean).join(": ");
}

const command = COMMANDS[process.argv[2]];
if (command === undefined) {
  console.error(`Usage: node cli.js ${Object.keys(COMMANDS).join(" | ")}`);
  process.exitCode = 2;
} else {
  try {
    await command(await connect());
  } catch (error) {
    console.error(sentenceFor(error));
    process.exitCode = 1;
  }
}
