// dashboard/telemetry.js in a real browser, with the real client and agent: what arrives, and what does not.

import assert from "node:assert/strict";
import os from "node:os";
import { after, before, test } from "node:test";

import { Agent, freePort, GUID, HOST, Impostor, YES } from "./support/agent.mjs";
import { Browser, Pages, stored } from "./support/browser.mjs";
import { POSTHOG, sleep, until } from "./support/modules.mjs";
import { assertSilent, BATCH, nextBatch, openTestPage, ready, status } from "./support/page.mjs";

let browser, pages;
before(async () => {
    [browser, pages] = await Promise.all([Browser.start(), Pages.start()]);
});
after(async () => {
    await browser?.close();
    pages?.close();
});

const open = (agent, options) => openTestPage(browser, pages, agent, options);

test("with consent, masked events arrive and nothing else does", async () => {
    const agent = await Agent.start();
    try {
        const page = await open(agent.url, { realTime: true });
        assert.deepEqual(await ready(page).then(({ state }) => state), "on");
        await page.evaluate(() => {
            window.client().register({ $current_url: location.href, $referrer: document.referrer, mine: location.host });
            window.client().identify("canary-person", { name: "canary-name" });
            window.capture("tab opened", { tab: "cpu", charts: 12, dark: false, $host: location.host, page: document.title });
            window.capture("tab opened", { tab: location.host, charts: "canary-text", dark: "true" });
            window.capture("something else", { tab: "cpu" });
            window.client().captureException?.(new Error("canary-error"));
            document.body.click();
            history.pushState({}, "", "/canary-path/other?canary-pushed");
        });
        assert.ok(await until(() => page.receiver.events.length >= 3), JSON.stringify(await status(page)));
        await sleep(BATCH);

        const { machine_guid } = await agent.hello();
        const events = page.receiver.events;
        assert.deepEqual(events.map(({ event }) => event), ["$pageview", "tab opened", "tab opened"]);
        assert.ok(await until(() => agent.receiver.events.length > 0), "the daemon's own event");
        assert.equal(agent.receiver.events[0].properties.distinct_id, machine_guid, "both channels have the same identifier");
        const masks = {
            distinct_id: machine_guid,
            $ip: "127.0.0.1",
            $current_url: "agent dashboard",
            $pathname: "netdata-dashboard",
            $host: "dashboard.netdata.io",
            $referrer: "masked",
            $referring_domain: "masked",
            $initial_referrer: "masked",
            $initial_referring_domain: "masked",
            $process_person_profile: false,
            $geoip_disable: true,
            event_source: "agent dashboard",
        };
        const kept = {
            $browser: "Chrome",
            $browser_version: 156,
            $os: "Linux",
            $device_type: "Desktop",
            $screen_width: 1280,
            $screen_height: 720,
            $lib: "web",
            $lib_version: POSTHOG,
            $session_id: events[0].properties.$session_id,
        };
        assert.match(kept.$session_id, /^[0-9a-f-]{36}$/);
        assert.notEqual(kept.$session_id, machine_guid);
        for (const [event, own] of [{}, { tab: "cpu", charts: 12, dark: false }, {}].map((own, number) => [events[number], own])) {
            assert.deepEqual(event.properties, { ...masks, ...kept, ...own });
            assert.deepEqual(Object.keys(event).sort(), ["event", "properties", "timestamp", "uuid"]);
        }

        // One batch, without a trace of the page in any header.
        assert.equal(page.receiver.requests.length, 1);
        const [{ method, url, headers, body }] = page.receiver.requests;
        assert.deepEqual([method, url, headers.origin, headers.referer, headers.cookie], ["POST", "/batch/", "null", undefined, undefined]);
        assert.equal((await status(page)).last, body, "what status() shows is what was sent");
        for (const secret of ["canary", HOST, os.hostname(), String(agent.port), String(pages.port)]) {
            assert.equal(page.receiver.everything.toLowerCase().includes(secret), false, `${secret} got out: ${page.receiver.everything}`);
        }

        // The page has contacted no other host and stored nothing.
        const hosts = new Set(page.asked.map((url) => new URL(url).host));
        const known = [`canary-referrer.test:${pages.port}`, `canary-host.test:${pages.port}`, new URL(agent.url).host, new URL(page.receiver.url).host];
        assert.deepEqual([...hosts].filter((host) => host !== "" && !known.includes(host)), []);
        assert.deepEqual(await stored(page), []);
        assert.deepEqual(page.troubles, []);
        const { sent, lost, waiting } = await status(page);
        assert.deepEqual({ sent, lost, waiting }, { sent: 3, lost: 0, waiting: 0 });
        await page.context().close();
    } finally {
        await agent.close();
    }
});

test("an opt-out counts for an open page once the daemon was restarted, and from the start for a new one", async () => {
    const agent = await Agent.start();
    try {
        const page = await open(agent.url, { realTime: true });
        assert.ok(await until(() => page.receiver.events.length === 1), JSON.stringify(await status(page)));

        assert.match(agent.optOut(), /\.opt-out-from-anonymous-statistics/);
        assert.equal((await agent.hello()).anonymous_statistics, true, "the daemon has not looked again");
        await page.click("#capture");
        assert.ok(await until(() => page.receiver.events.length === 2), "so the page still may");

        await agent.restart();
        assert.ok(await until(async () => (await agent.hello()).anonymous_statistics === false));
        await page.click("#capture");
        assert.ok(await until(async () => (await status(page)).state === "off"), "it asks before it sends");
        const { why, sent, lost, waiting } = await status(page);
        assert.match(why, /does not say that anonymous_statistics is true/);
        assert.deepEqual({ sent, lost, waiting }, { sent: 2, lost: 1, waiting: 0 });
        await page.click("#capture");
        await sleep(BATCH);
        assert.equal(page.receiver.requests.length, 2);
        assert.deepEqual(await stored(page), []);
        await page.context().close();

        const fresh = await open(agent.url);
        await assertSilent(fresh, /does not say that anonymous_statistics is true/);
        await fresh.context().close();
    } finally {
        await agent.close();
    }
});

/** An agent that answers with the current `answer.json`. */
async function changeable(json) {
    const answer = { json };
    const agent = await Impostor.start((response) => response.end(JSON.stringify(answer.json)));
    return Object.assign(agent, { say: (json) => (answer.json = json) });
}
const NO = /does not say that anonymous_statistics is true/;

test("an idle page asks every minute, and stops for good when the answer changes", async () => {
    const agent = await changeable(YES);
    const page = await open(agent.url);
    await ready(page);
    const begin = await page.evaluate(() => Date.now());
    await nextBatch(page);
    assert.ok(await until(() => page.receiver.events.length === 1));
    const asked = agent.asked;
    // The page's clock also runs by itself, longer on a busy machine.
    const passed = await page.evaluate((begin) => Date.now() - begin, begin);
    assert.ok(passed < 40_000, `${passed} ms have passed`);
    await page.clock.fastForward(45_000 - passed);
    await sleep(300);
    assert.equal(agent.asked, asked, "not earlier");
    await page.clock.fastForward(15_000);
    assert.ok(await until(() => agent.asked === asked + 2), "but then, and a second later once more");
    assert.equal((await status(page)).state, "on");

    agent.say({ ...YES, anonymous_statistics: false });
    await page.clock.fastForward(60_000);
    assert.ok(await until(async () => (await status(page)).state === "off"));
    agent.say(YES);
    const last = agent.asked;
    await page.clock.fastForward(600_000);
    await page.click("#capture");
    await page.clock.fastForward(10_000);
    await sleep(300);
    assert.deepEqual([agent.asked, page.receiver.events.length], [last, 1], "it neither asks nor sends again");
    agent.close();
    await page.context().close();
});

test("a yes that does not last is none: an agent that has just been started has not looked yet", async () => {
    const answers = [true, false];
    const agent = await Impostor.start((response) => response.end(JSON.stringify({ ...YES, anonymous_statistics: answers.shift() ?? false })));
    const page = await open(agent.url);
    await assertSilent(page, NO);
    assert.equal(agent.asked, 2);
    await page.context().close();

    answers.push(true, true, true);
    const later = await open(agent.url);
    await nextBatch(later);
    assert.ok(await until(async () => (await status(later)).state === "off"));
    assert.deepEqual([answers.length, later.receiver.requests], [0, []]);
    await later.context().close();
    agent.close();
});

test("a page stops when the agent is gone, or another answers, between two batches", async () => {
    for (const [change, why] of [
        [(agent) => agent.close(), /cannot be asked/],
        [(agent) => agent.say({ ...YES, machine_guid: "6d2e3b45-1c8f-4a7b-8e32-8b4fac9d5e21" }), /another agent/],
    ]) {
        const agent = await changeable(YES);
        const page = await open(agent.url);
        await nextBatch(page);
        assert.ok(await until(() => page.receiver.events.length === 1));
        await change(agent);
        await page.click("#capture");
        await nextBatch(page);
        assert.ok(await until(async () => (await status(page)).state === "off"));
        assert.match((await status(page)).why, why);
        await sleep(500);
        assert.equal(page.receiver.events.length, 1);
        await page.context().close();
        agent.close();
    }
});

/** Spreads an answer over about 20 s. */
function drip(response, text) {
    const timer = setInterval(() => {
        response.write(text[0]);
        text = text.slice(1);
        if (text === "") response.end();
    }, 20_000 / text.length);
    response.once("close", () => clearInterval(timer));
}

const json = (value) => (response) => response.end(JSON.stringify(value));
const UNREADABLE = /cannot be asked, or its answer cannot be read/;
/** Answers other than yes, and the page's reason for each. */
const ANSWERS = [
    ["the word true", json({ ...YES, anonymous_statistics: "true" }), NO],
    ["the number 1", json({ ...YES, anonymous_statistics: 1 }), NO],
    ["a list", json({ ...YES, anonymous_statistics: [true] }), NO],
    ["an object", json({ ...YES, anonymous_statistics: {} }), NO],
    ["null", json({ ...YES, anonymous_statistics: null }), NO],
    ["nothing", json({ machine_guid: GUID }), NO],
    ["no", json({ ...YES, anonymous_statistics: false }), NO],
    ["another key", json({ ...YES, anonymous_statistics: false, Anonymous_Statistics: true }), NO],
    ["a yes in the prototype", (response) => response.end(`{"machine_guid":"${GUID}","__proto__":{"anonymous_statistics":true}}`), NO],
    ["a yes in a list", json([YES]), NO],
    ["a bare true", json(true), NO],
    ["a bare null", json(null), NO],
    ["no identifier", json({ anonymous_statistics: true }), /who it is/],
    ["an identifier of zeros", json({ ...YES, machine_guid: "00000000-0000-0000-0000-000000000000" }), /who it is/],
    ["an identifier that is none", json({ ...YES, machine_guid: "canary" }), /who it is/],
    ["no JSON", (response) => response.end("yes, certainly"), UNREADABLE],
    ["half of it", (response) => response.end(JSON.stringify(YES).slice(0, -1)), UNREADABLE],
    ["nothing at all", (response) => response.end(), UNREADABLE],
    ["a page", (response) => response.end("<!doctype html><title>Log in</title>"), UNREADABLE],
    ["a yes after 100 kB of blanks", (response) => response.end(" ".repeat(100_000) + JSON.stringify(YES)), UNREADABLE],
    ["a yes with an error", (response) => response.writeHead(500).end(JSON.stringify(YES)), /status 500/],
    ["a yes with 403", (response) => response.writeHead(403).end(JSON.stringify(YES)), /status 403/],
    ["a broken connection", (response) => response.socket.destroy(), UNREADABLE],
    ["silence", () => {}, UNREADABLE],
    ["a yes in drops", (response) => drip(response, JSON.stringify(YES)), UNREADABLE],
];

test("an agent that answers anything but a plain yes means no", async () => {
    const agents = await Promise.all(ANSWERS.map(([, answer]) => Impostor.start(answer)));
    const page = await open("ftp://none");
    const said = await page.evaluate(async ({ agents, destination }) => {
        const { startTelemetry } = await import("./telemetry.js");
        const loaded = [];
        const started = agents.map((agent) => startTelemetry({ agent, destination, client: () => loaded.push(agent) }));
        const statuses = await Promise.all(started.map(({ ready }) => ready));
        return { loaded, statuses };
    }, { agents: agents.map(({ url }) => url), destination: page.receiver.url });
    for (const [number, [name, , why]] of ANSWERS.entries()) {
        assert.equal(said.statuses[number].state, "off", name);
        assert.match(said.statuses[number].why, why, name);
        assert.equal(agents[number].asked, 1, name);
    }
    assert.deepEqual(said.loaded, [], "the client is not even loaded");
    await assertSilent(page, /http/);
    await page.context().close();
    agents.forEach((agent) => agent.close());
});

test("an agent that sends the page elsewhere, or cannot be reached, means no", async () => {
    const yes = await Impostor.start(json(YES));
    const elsewhere = await Impostor.start((response) => response.writeHead(307, { location: `${yes.url}/api/v1/registry` }).end());
    for (const [agent, why] of [
        [elsewhere.url, UNREADABLE],
        [`http://127.0.0.1:${await freePort()}`, UNREADABLE],
        ["http://no-such-host.example.org:19999", UNREADABLE],
        ["ftp://127.0.0.1", /http/],
        ["http://[", /Invalid/],
    ]) {
        const page = await open(agent);
        await assertSilent(page, why);
        await page.context().close();
    }
    assert.equal(yes.asked, 0);
    yes.close();
    elsewhere.close();
});

test("a browser that objects is not asked about by anyone", async () => {
    for (const [script, why] of [
        [() => Object.defineProperty(navigator, "doNotTrack", { value: "1" }), /not to be tracked/],
        [() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }), /not to be tracked/],
    ]) {
        const agent = await Impostor.start(json(YES));
        const page = await open(agent.url, { script });
        await assertSilent(page, why);
        assert.equal(agent.asked, 0);
        await page.context().close();
        agent.close();
    }
    const agent = await Impostor.start(json(YES));
    const blocked = () => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("", "SecurityError"); } });
    const page = await open(agent.url, { script: blocked });
    const { state, why } = await ready(page);
    assert.deepEqual([state, agent.asked, page.receiver.requests.length], ["off", 0, 0]);
    assert.match(why, /storage cannot be read/);
    await page.context().close();
    agent.close();
});

test("opting out this browser stops every tab at once, and the next page from the start", async () => {
    const agent = await Impostor.start(json(YES));
    const page = await open(agent.url);
    await nextBatch(page);
    assert.ok(await until(() => page.receiver.events.length === 1));
    const other = await page.context().newPage();
    await other.clock.install();
    await other.goto(page.url());
    await nextBatch(other);
    assert.ok(await until(() => page.receiver.events.length === 2), "the other tab sends too");

    // The other tab has nothing to send and does not ask for a minute: only a message can stop it.
    await page.click("#capture");
    await page.click("#out");
    for (const [tab, dropped] of [[page, 1], [other, 0]]) {
        assert.ok(await until(async () => (await status(tab)).state === "off"));
        assert.deepEqual(await status(tab).then(({ why, waiting, lost }) => ({ why, waiting, lost })), {
            why: "this browser was opted out",
            waiting: 0,
            lost: dropped,
        });
    }
    await Promise.all([nextBatch(page), nextBatch(other)]);
    await sleep(300);
    assert.equal(page.receiver.events.length, 2);
    assert.deepEqual(await stored(page), ["localStorage netdata-telemetry-opt-out"], "its own choice is all that is kept");

    const asked = agent.asked;
    await other.reload();
    assert.equal((await ready(other)).state, "off");
    assert.equal(agent.asked, asked, "the agent is not even asked");
    await other.click("#in");
    await other.reload();
    assert.equal((await ready(other)).state, "on");
    assert.deepEqual(await stored(other), []);
    await page.context().close();
    agent.close();
});

test("a page that is closed sends nothing more, since it cannot ask", async () => {
    const agent = await Impostor.start(json(YES));
    const page = await open(agent.url);
    await ready(page);
    await page.click("#capture");
    await page.goto("about:blank");
    await page.clock.fastForward(BATCH);
    await sleep(300);
    assert.deepEqual(page.receiver.requests, []);
    await page.context().close();
    agent.close();
});

test("a client that somebody else has started is left alone, and addresses that leave this machine must be https", async () => {
    const agent = await Impostor.start(json(YES));
    const page = await open(agent.url);
    await ready(page);
    const outcome = await page.evaluate(async ({ agent, GUID }) => {
        const { startTelemetry } = await import("./telemetry.js");
        const calls = [];
        const client = { __loaded: true, init: () => calls.push("init"), register: () => {}, capture: () => calls.push("capture") };
        const taken = await startTelemetry({ agent, client, destination: "http://localhost:1" }).ready;
        const places = {};
        for (const destination of ["http://example.org", "ftp://localhost", "nonsense:", "http://127.0.0.1.example.org", "http://localhost.example.org"]) {
            places[destination] = (await startTelemetry({ agent, client, destination }).ready).state;
        }
        return { taken: taken.why, calls, places, GUID };
    }, { agent: agent.url, GUID });
    assert.match(outcome.taken, /already started/);
    assert.deepEqual(outcome.calls, []);
    assert.ok(Object.values(outcome.places).every((state) => state === "off"), JSON.stringify(outcome.places));
    await page.context().close();
    agent.close();
});

test("a flood of events is bounded, and a server that is gone loses them", async () => {
    const agent = await Impostor.start(json(YES));
    const page = await open(agent.url);
    await ready(page);
    page.receiver.close();
    await page.evaluate(() => {
        for (let number = 0; number < 90; number++) window.capture("tab opened", { charts: number });
    });
    const { waiting, lost } = await status(page);
    assert.equal(waiting, 50);
    assert.ok(lost > 0);
    await nextBatch(page);
    assert.ok(await until(async () => (await status(page)).waiting === 0));
    assert.ok(await until(async () => (await status(page)).lost >= 50 + lost), "nothing is tried twice");
    assert.equal((await status(page)).sent, 0);
    await page.context().close();
    agent.close();
});
