// dashboard/test.html, opened with private addresses that must not get out.

import assert from "node:assert/strict";

import { stored } from "./browser.mjs";
import { sleep } from "./modules.mjs";
import { Receiver } from "./receiver.mjs";

/** Longer than the client waits for a batch. */
export const BATCH = 3_500;

/** Keeps the names of all that a page stores, even if it removes them at once. */
function watchStorage() {
    window.written = [];
    const { set } = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
    const { setItem } = Storage.prototype;
    const { open } = IDBFactory.prototype;
    Object.defineProperty(Document.prototype, "cookie", {
        ...Object.getOwnPropertyDescriptor(Document.prototype, "cookie"),
        set(cookie) {
            window.written.push(`cookie ${cookie}`);
            set.call(this, cookie);
        },
    });
    Storage.prototype.setItem = function (name, value) {
        window.written.push(`${this === window.sessionStorage ? "session" : "local"}Storage ${name}`);
        setItem.call(this, name, value);
    };
    IDBFactory.prototype.open = function (...names) {
        window.written.push(`indexedDB ${names[0]}`);
        return open.apply(this, names);
    };
}

export const written = (page) => page.evaluate(() => window.written);

/**
 * Opens the test page with its own receiver. Its clock can be advanced, except with `realTime`. `query` and `hash` are
 * added to its address.
 */
export async function openTestPage(browser, pages, agent, options = {}) {
    const page = await browser.page();
    page.receiver = await Receiver.start();
    page.context().once("close", () => page.receiver.close());
    await page.addInitScript(() => {
        document.addEventListener("readystatechange", () => (document.title = "canary-title"));
    });
    await page.addInitScript(watchStorage);
    if (options.script) await page.addInitScript(options.script);
    if (options.realTime !== true) await page.clock.install();
    await page.goto(`http://canary-referrer.test:${pages.port}/canary-referrer/referrer.html?canary-from`);
    const query = new URLSearchParams({ agent, destination: page.receiver.url, more: "canary-query", ...options.query });
    const target = `http://canary-host.test:${pages.port}/canary-path/test.html?${query}#${options.hash ?? "canary-hash"}`;
    await page.evaluate((target) => document.getElementById("link").setAttribute("href", target), target);
    await Promise.all([page.waitForURL(/test\.html/), page.click("#link")]);
    assert.match(await page.evaluate(() => document.referrer), /canary-from/, "the page would have something to hide");
    return page;
}

export const status = (page) => page.evaluate(() => window.telemetry.ready.then(() => window.telemetry.status()));
export const ready = (page) => page.evaluate(() => window.telemetry.ready);

/** Advances the page's clock until its next batch, if any, has left. */
export async function nextBatch(page) {
    await ready(page);
    await page.clock.fastForward(BATCH);
}

/** The page has sent and stored nothing, and does not ask again. */
export async function assertSilent(page, why) {
    const { state, why: said } = await ready(page);
    assert.equal(state, "off", said);
    assert.match(said, why);
    await page.evaluate(() => document.querySelectorAll("button").forEach((button) => button.id === "capture" && button.click()));
    await sleep(200);
    assert.deepEqual(page.receiver.requests, []);
    assert.deepEqual([await stored(page), await written(page)], [[], []]);
    assert.equal(page.asked.some((url) => url.includes("posthog-js")), false, "the client is not even loaded");
    assert.deepEqual(page.troubles, []);
}
