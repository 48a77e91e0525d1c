import { publicKeyOf, readOwnKeys } from "./own-keys.js";

console.log(JSON.stringify(publicKeyOf(await readOwnKeys())));
