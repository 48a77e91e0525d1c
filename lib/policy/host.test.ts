import { expect, test } from "vitest";
import { isExpectedHost } from "./host";

const LOCAL = "http://localhost:3000";
const PUBLIC = "https://login.example.com";

test.each([
  ["localhost:3000", LOCAL],
  ["LOCALHOST:3000", LOCAL],
  ["login.example.com", PUBLIC],
  ["Login.Example.Com", PUBLIC],
  ["login.example.com:443", PUBLIC],
  ["login.example.com:8443", "https://login.example.com:8443"],
  ["localhost", "http://localhost"],
  ["localhost:80", "http://localhost"],
  ["[::1]:3000", "http://[::1]:3000"],
  ["127.0.0.1:3000", "http://127.0.0.1:3000"],
])("%j is %s", (host, origin) => {
  expect(isExpectedHost(host, origin)).toBe(true);
});

test.each([
  [undefined, LOCAL],
  ["", LOCAL],
  ["localhost", LOCAL],
  ["localhost:80", LOCAL],
  ["localhost:3001", LOCAL],
  ["localhost:03000", LOCAL],
  ["localhost:3000:3000", LOCAL],
  ["localhost:", "http://localhost"],
  ["localhost:443", "http://localhost"],
  ["localhost.:3000", LOCAL],
  ["127.0.0.1:3000", LOCAL],
  ["[::1]:3000", LOCAL],
  ["evil.test", PUBLIC],
  ["evil.test:443", PUBLIC],
  ["login.example.com.evil.test", PUBLIC],
  ["evil.login.example.com", PUBLIC],
  ["xlogin.example.com", PUBLIC],
  ["loginxexample.com", PUBLIC],
  ["login.example.com:80", PUBLIC],
  ["login.example.com.", PUBLIC],
  ["login.example.com@evil.test", PUBLIC],
  ["evil.test@login.example.com", PUBLIC],
  ["login.example.com/", PUBLIC],
  ["login.example.com#", PUBLIC],
  ["login.example.com, evil.test", PUBLIC],
  ["login.example.com,login.example.com", PUBLIC],
  [" login.example.com", PUBLIC],
  ["login.example.com\t", PUBLIC],
  ["https://login.example.com", PUBLIC],
  ["lo\u0131gin.example.com", PUBLIC],
  ["\uff4cogin.example.com", PUBLIC],
  ["\u212Aocalhost", "http://kocalhost"],
])("%j is not %s", (host, origin) => {
  expect(isExpectedHost(host, origin)).toBe(false);
});
