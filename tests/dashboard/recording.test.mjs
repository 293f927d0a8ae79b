// The properties that PostHog's client adds with its default settings. The preview shows these names with the version;
// this test compares them with the installed client.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, Pages } from "./support/browser.mjs";
import { holdAgainstRecording, POSTHOG, until } from "./support/modules.mjs";
import { Receiver } from "./support/receiver.mjs";

test("what PostHog's client adds by itself is what is recorded", async () => {
    const [browser, pages, receiver] = await Promise.all([Browser.start(), Pages.start(), Receiver.start()]);
    const page = await browser.page();
    await page.goto(`http://canary-host.test:${pages.port}/canary-path/referrer.html?canary-query`);
    await page.evaluate(async (url) => {
        const { default: posthog } = await import("./node_modules/posthog-js/dist/module.js");
        posthog.init("key", { api_host: url });
        await new Promise((resolve) => setTimeout(resolve, 100));
        posthog.capture("an event");
        posthog.identify("person");
        document.getElementById("link").click();
        await new Promise((resolve) => setTimeout(resolve, 4_000));
        posthog.capture("a last event");
        posthog.capture("$pageleave");
    }, receiver.url);
    const expected = ["$pageview", "an event", "$identify", "a last event", "$pageleave"];
    assert.ok(await until(() => expected.every((name) => receiver.events.some(({ event }) => event === name))), JSON.stringify(receiver.events.map(({ event }) => event)));
    assert.ok(receiver.requests.some(({ headers }) => headers.origin.includes("canary-host")), "it cannot help telling where it is");
    assert.ok(receiver.everything.includes("canary-query"));
    holdAgainstRecording(assert, "posthog-js", `posthog-js ${POSTHOG}`, receiver.names(expected));
    await browser.close();
    pages.close();
    receiver.close();
});
