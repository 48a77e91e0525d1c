import { describe, expect, it, test } from "vitest";
import { findPasswordFault } from "./password-rules";

const EMAIL = "ada.lovelace@example.com";
const faultOf = (password: string, email = EMAIL) => findPasswordFault(password, email);

/** Words that do not belong together, cut or repeated to a length in code points. */
const SENTENCE = "orchid velvet tractor winds beneath seven amber harbours ";
const ofLength = (length: number): string => SENTENCE.repeat(8).slice(0, length);

describe("length, counted by code point", () => {
  test.each([
    [14, /at least 15/],
    [1, /at least 15/],
    [257, /at most 256/],
    [1000, /at most 256/],
  ])("%s is refused", (length, sentence) => {
    expect(faultOf(ofLength(length))).toMatch(sentence);
  });

  test.each([15, 16, 64, 255, 256])("%s is allowed", (length) => {
    expect([...ofLength(length)]).toHaveLength(length);
    expect(faultOf(ofLength(length))).toBeNull();
  });

  const emoji = [..."🦊🌊🍎🚀🎲🧲🪐🎻🧂🦀🌵🔭🥁🪁🧭"];

  it("counts an emoji as one, however many units or bytes it takes", () => {
    expect(emoji).toHaveLength(15);
    expect(faultOf(emoji.join(""))).toBeNull();
    expect(faultOf(emoji.slice(0, 14).join(""))).toMatch(/at least 15/);
    expect(faultOf(emoji.join("").repeat(17))).toBeNull();
    expect(faultOf(`${emoji.join("").repeat(17)}🦊`)).toBeNull();
    expect(faultOf(`${emoji.join("").repeat(17)}🦊🌊`)).toMatch(/at most 256/);
  });
});

describe("no rules of composition", () => {
  test.each([
    ["lower case alone", "orchidvelvettractorwind"],
    ["spaces", "orchid velvet tractor"],
    ["digits alone, drawn at random", "840275931664820917"],
    ["another script", "лошадь сто гвоздей лампа"],
    ["without an alphabet", "山猫鍵盤紅茶雲梯算盤硝子時計海"],
    ["marks alone", "_;)~}^%{&|>+!?:/"],
    ["NUL inside", "orchid\0velvet tractor"],
  ])("%s", (_name, password) => {
    expect(faultOf(password)).toBeNull();
  });
});

describe("what is easy to guess", () => {
  test.each([
    ["one character", "aaaaaaaaaaaaaaaaaaaa"],
    ["two characters", "abababababababababab"],
    ["a word again and again", "passwordpassword"],
    ["a common one with a tail", "password1234567"],
    ["a common one with marks", "P@ssw0rd!P@ssw0rd!"],
    ["digits in order", "123456789012345"],
    ["letters in order", "abcdefghijklmnop"],
    ["a keyboard run", "qwertyuiopasdfgh"],
    ["another keyboard run", "1qaz2wsx3edc4rfv"],
    ["spaces", " ".repeat(20)],
    ["the own address", "ada.lovelace@example.com"],
    ["the own address, otherwise written", "ADA.Lovelace@Example.com"],
    ["the own address and a digit", "ada.lovelace@example.com1"],
    ["the product's name", "latchkeylatchkey"],
  ])("%s", (_name, password) => {
    expect([...password].length).toBeGreaterThanOrEqual(15);
    expect(faultOf(password)).toMatch(/easy to guess/);
  });

  it("is the name in the own address, though in nobody else's", () => {
    const password = "wojciechowska.kraszewska";
    expect(faultOf(password)).toBeNull();
    expect(faultOf(password, "wojciechowska.kraszewska@example.com")).toMatch(/easy to guess/);
  });
});

it("takes no longer for a long password than for a short one", () => {
  faultOf(ofLength(20));
  const startMs = performance.now();
  for (const unit of ["a", "ab", "1qaz", "password", "(", "🦊"]) faultOf(unit.repeat(256 / [...unit].length));
  expect(performance.now() - startMs).toBeLessThan(10_000);
});
