import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { clipUserAgent, deviceName } from "./user-agent";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";

describe("the name of a device", () => {
  test.each([
    [`${WINDOWS.replace(")", "; rv:140.0)")} Gecko/20100101 Firefox/140.0`, "Firefox on Windows"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
    ["Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"],
    [
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
      "Chrome on Android",
    ],
    [`${WINDOWS} ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, "Chrome on Windows"],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`,
      "Chrome on ChromeOS",
    ],
    [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/140.0.0.0 Safari/537.36`, "Chrome on Linux"],
    [`${WINDOWS} ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, "Edge on Windows"],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0`,
      "Opera on macOS",
    ],
    [
      `Mozilla/5.0 (Linux; Android 14; SM-S911B) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
      "Samsung Internet on Android",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
      "Safari on iPhone",
    ],
    [
      "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
      "Chrome on iPad",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
      "Firefox on iPhone",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
      "Safari on macOS",
    ],
    ["curl/8.5.0", "curl"],
    ["Wget/1.24.5", "Wget"],
    ["PostmanRuntime/7.43.0", "Postman"],
    ["python-requests/2.32.3", "Python"],
    ["node", "Node.js"],
    ["Mozilla/5.0 (X11; Linux x86_64)", "Linux"],
    ["Firefox/140.0", "Firefox"],
    ["", "Unknown device"],
    ["Mozilla/5.0", "Unknown device"],
    ["<script>alert(1)</script>", "Unknown device"],
    ["Firefox on Windows", "Unknown device"],
    ["notcurl/8", "Unknown device"],
  ])("%s is %s", (userAgent, name) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it("is only ever made of our own words", () => {
    const piece = fc.constantFrom(
      "Firefox/",
      "Chrome/",
      "Windows NT",
      "Android",
      "<b>",
      "curl/",
      " ",
      "Version/ Safari/",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (userAgent) => {
          expect(deviceName(userAgent)).toMatch(/^[A-Z a-z.]{1,40}$/);
        },
      ),
    );
  });

  it("is found at once in a hostile text", () => {
    const startedAt = performance.now();
    expect(deviceName("Version/".repeat(200_000))).toBe("Unknown device");
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe("the text that is kept", () => {
  test.each<[string | null, string]>([
    [null, ""],
    ["", ""],
    ["curl/8.5.0", "curl/8.5.0"],
    ["a\0b\r\nc\td\x1b[31me\x7f\x85", "abcd[31me"],
    ["a\u202eb\u2066c\u200b\ufeff", "abc"],
    ["a\ud800b", "ab"],
    ["  a  ", "a"],
    ["\u00e9\u4e2d\u{1f600}", "\u00e9\u4e2d\u{1f600}"],
  ])("%j becomes %j", (text, clipped) => {
    expect(clipUserAgent(text)).toBe(clipped);
  });

  it("is at most 512 characters and never half a character", () => {
    expect(clipUserAgent("a".repeat(513))).toBe("a".repeat(512));
    expect(clipUserAgent(`${"a".repeat(511)}\u{1f600}`)).toBe("a".repeat(511));
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        const clipped = clipUserAgent(text);
        expect(clipped.length).toBeLessThanOrEqual(512);
        expect(clipped).not.toMatch(/\p{C}/u);
      }),
    );
  });
});
