import { ownJwks } from "./own-key.js";

console.log(JSON.stringify(await ownJwks(), null, 2));
