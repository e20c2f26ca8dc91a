import { expect, test } from "@jest/globals";
import { retryWaitsMs, verdictOf, waitAfter } from "../../../src/domains/webhooks/delivery.rules.js";
import { isPublicAddress, whyNotUrl } from "../../../src/domains/webhooks/webhook.rules.js";

test("the schedule is that of Standard Webhooks: ten attempts within 75 hours and 35 minutes", () => {
  const total = retryWaitsMs.reduce((sum, wait) => sum + wait, 0);
  expect([retryWaitsMs.length + 1, total]).toEqual([10, ((75 * 60 + 35) * 60 + 5) * 1_000]);
  expect(retryWaitsMs.map((_, i) => waitAfter(i + 1, 0.5))).toEqual([...retryWaitsMs]);
  expect(waitAfter(10, 0.5)).toBeNull();
});

test("a wait differs by a tenth at most, either way", () => {
  expect([waitAfter(1, 0), waitAfter(1, 1)]).toEqual([4_500, 5_500]);
});

test("only 2xx accepts", () => {
  const verdicts = [199, 200, 204, 299, 300, 301, 304, 399, 400, 404, 410, 429, 500].map(verdictOf);
  expect(verdicts).toEqual(
    "HTTP_STATUS ACCEPTED ACCEPTED ACCEPTED REDIRECT REDIRECT REDIRECT REDIRECT HTTP_STATUS HTTP_STATUS GONE HTTP_STATUS HTTP_STATUS".split(
      " ",
    ),
  );
});

test.each([
  ["8.8.8.8", true],
  ["2606:4700::1111", true],
  ["127.0.0.1", false],
  ["127.255.255.254", false],
  ["0.0.0.0", false],
  ["10.0.0.1", false],
  ["172.16.0.1", false],
  ["192.168.1.1", false],
  ["169.254.169.254", false],
  ["100.64.0.1", false],
  ["192.0.0.8", false],
  ["192.0.2.1", false],
  ["198.18.0.1", false],
  ["224.0.0.1", false],
  ["240.0.0.1", false],
  ["255.255.255.255", false],
  ["::", false],
  ["::1", false],
  ["::ffff:127.0.0.1", false],
  ["::ffff:8.8.8.8", false],
  ["::127.0.0.1", false],
  ["64:ff9b::7f00:1", false],
  ["64:ff9b:1::7f00:1", false],
  ["2002:7f00:1::", false],
  ["2001::7f00:1", false],
  ["2001:db8::1", false],
  ["fc00::1", false],
  ["fe80::1", false],
  ["fe80::1%eth0", false],
  ["fec0::1", false],
  ["ff02::1", false],
  ["4000::1", false],
  ["100::1", false],
  ["nonsense", false],
])("%s is public: %s", (address, is) => {
  expect(isPublicAddress(address)).toBe(is);
});

test.each([
  ["https://hooks.example.com/a?b=c", null],
  ["https://8.8.8.8:8443/", null],
  ["http://hooks.example.com/", "INVALID_URL"],
  ["ftp://hooks.example.com/", "INVALID_URL"],
  ["hooks.example.com", "INVALID_URL"],
  ["", "INVALID_URL"],
  ["https://user:secret@example.com/", "INVALID_URL"],
  ["https://example.com/#part", "INVALID_URL"],
  ["https://example.com/a\r\nb", "INVALID_URL"],
  [" https://example.com/", "INVALID_URL"],
  ["https://example.com/\u0000", "INVALID_URL"],
  ["https://example.com/\ud800", "INVALID_URL"],
  [`https://example.com/${"a".repeat(2_000)}`, "TOO_LONG"],
  ["https://localhost/", "PRIVATE_ADDRESS"],
  ["https://api.LOCALHOST./", "PRIVATE_ADDRESS"],
  ["https://127.0.0.1/", "PRIVATE_ADDRESS"],
  ["https://127.1/", "PRIVATE_ADDRESS"],
  ["https://2130706433/", "PRIVATE_ADDRESS"],
  ["https://0x7f000001/", "PRIVATE_ADDRESS"],
  ["https://[::1]/", "PRIVATE_ADDRESS"],
  ["https://[::ffff:7f00:1]/", "PRIVATE_ADDRESS"],
  ["https://169.254.169.254/latest/meta-data", "PRIVATE_ADDRESS"],
])("as an address of an endpoint, %s is refused: %s", (url, code) => {
  expect(whyNotUrl(url, false)?.code ?? null).toBe(code);
});

test("for tests and development http and private addresses are taken, and nothing else more", () => {
  expect(
    ["http://127.0.0.1:8080/", "https://localhost/", "ftp://localhost/"].map(
      (url) => whyNotUrl(url, true)?.code,
    ),
  ).toEqual([undefined, undefined, "INVALID_URL"]);
});
