import { rotateOwnKeys } from "./own-keys.js";

const [{ kid }] = await rotateOwnKeys();
console.log(`The key is ${kid} now. Restart the service.`);
