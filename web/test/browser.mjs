// A browser that tests drive: one JSON command a line on standard input, [id, name, arguments…], one answer a line on standard
// output, {id, value or error}, when it is there. The commands are the functions below; the first argument is a tab's name.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const tabs = new Map();
const complaints = []; // what the pages wrote to their consoles as errors

const context = new Map(); // by language
const commands = {
  async open(tab, url, locale = "en-GB", width = 420, height = 640) {
    if (!context.has(locale)) context.set(locale, await browser.newContext({ locale, viewport: { width, height } }));
    const page = await context.get(locale).newPage();
    await page.setViewportSize({ width, height });
    page.on("console", (m) => m.type() === "error" && complaints.push(`${m.text()} ${m.location().url}`));
    page.on("pageerror", (e) => complaints.push(String(e)));
    tabs.set(tab, page);
    const response = await page.goto(url, { waitUntil: "load" });
    return response.status();
  },
  close: (tab) => tabs.get(tab).close(),
  wait: async (tab, selector) => (await tabs.get(tab).waitForSelector(selector, { timeout: 20_000 })) && true,
  text: (tab, selector) => tabs.get(tab).locator(selector).innerText({ timeout: 10_000 }),
  click: (tab, selector) => tabs.get(tab).locator(selector).click({ timeout: 20_000 }),
  type: (tab, text) => tabs.get(tab).keyboard.type(text),
  press: (tab, key) => tabs.get(tab).keyboard.press(key),
  paste: (tab, text) => tabs.get(tab).evaluate((t) => {
    const input = document.querySelector("input[inputmode]");
    input.value = t;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }, text),
  focused: (tab) => tabs.get(tab).evaluate(() => document.activeElement?.id || document.activeElement?.name || document.activeElement?.tagName),
  evaluate: (tab, code) => tabs.get(tab).evaluate(code),
  choose: (tab, selector, value) => tabs.get(tab).locator(selector).selectOption(value),
  shot: (tab, file) => tabs.get(tab).screenshot({ path: file }).then(() => true),
  async save(tab, selector) { // what a click has the browser save: its name and its text
    const page = tabs.get(tab);
    const [download] = await Promise.all([page.waitForEvent("download", { timeout: 20_000 }), page.locator(selector).click()]);
    return [download.suggestedFilename(), await readFile(await download.path(), "utf8")];
  },
  dark: (tab, on) => tabs.get(tab).emulateMedia({ colorScheme: on ? "dark" : "light" }),
  complaints: () => complaints,
};

const running = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const [id, name, ...args] = JSON.parse(line);
  const work = (async () => commands[name](...args))().then(
    (value) => ({ id, value: value ?? null }),
    (e) => ({ id, error: String(e) }),
  );
  running.add(work);
  work.then((answer) => {
    running.delete(work);
    process.stdout.write(JSON.stringify(answer) + "\n");
  });
}
await Promise.all(running);
await browser.close();
