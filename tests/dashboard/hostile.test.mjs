// dashboard/telemetry.js in a hostile environment: links, frames, policies, the page's own code, servers, proxies,
// parents.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";

import { Agent, GUID, Impostor, YES } from "./support/agent.mjs";
import { Browser, Pages, stored } from "./support/browser.mjs";
import { POSTHOG, sleep, until } from "./support/modules.mjs";
import { assertSilent, BATCH, nextBatch, openTestPage, ready, status, written } from "./support/page.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Receiver } from "./support/receiver.mjs";

/** The public key of Netdata's project, as in telemetry.js. */
const KEY = "mqkwGT0JNFqO-zX2t0mW6Tec9yooaVu7xCBlXtHnt5Y";

let browser, pages, yes;
before(async () => {
    [browser, pages, yes] = await Promise.all([Browser.start(), Pages.start(), Impostor.start((response) => response.end(JSON.stringify(YES)))]);
});
after(async () => {
    await browser?.close();
    pages?.close();
    yes?.close();
});

const open = (agent, options) => openTestPage(browser, pages, agent, options);

/** A page without telemetry, for tests that start it differently. */
const idle = (options) => open("ftp://none", options);

/** A page's requests to others than the agent, the receiver and the test's own servers. */
function elsewhere(page) {
    const known = [new URL(yes.url).host, new URL(page.receiver.url).host, `canary-host.test:${pages.port}`, `canary-referrer.test:${pages.port}`];
    return page.asked.filter((url) => url.startsWith("http") && !known.includes(new URL(url).host));
}

async function arrived(page, count) {
    assert.ok(await until(() => page.receiver.events.length >= count), JSON.stringify(await status(page)));
    return page.receiver.events;
}

test("a link cannot make the client store, load or tell anything", async () => {
    const toolbar = { action: "ph_authorize", token: KEY, apiURL: "http://canary-evil.test", userFlags: {} };
    const encoded = encodeURIComponent(JSON.stringify(toolbar));
    for (const options of [
        { query: { __posthog_debug: "true", utm_source: "canary", gclid: "canary", ph_distinct_id: "canary", __posthog_ddl: "canary" } },
        { hash: `__posthog=${encoded}` },
        { hash: `state=${encoded}` },
    ]) {
        const page = await open(yes.url, options);
        await nextBatch(page);
        await arrived(page, 1);
        assert.deepEqual(await stored(page), [], JSON.stringify(options));
        assert.deepEqual(elsewhere(page), []);
        assert.equal(page.receiver.everything.includes("canary"), false);
        await page.context().close();
    }
});

test("whatever the page's own code asks of the client stays in the page", async () => {
    const page = await open(yes.url, { realTime: true });
    await ready(page);
    const missing = await page.evaluate(() => {
        const client = window.client();
        const calls = {
            identify: ["canary"], alias: ["canary"], group: ["company", "canary"], setPersonProperties: [{ name: "canary" }],
            createPersonProfile: [], reset: [], reloadFeatureFlags: [], isFeatureEnabled: ["canary"], getFeatureFlag: ["canary"],
            onFeatureFlags: [() => {}], getSurveys: [() => {}], getActiveMatchingSurveys: [() => {}], startSessionRecording: [],
            startExceptionAutocapture: [], captureException: [new Error("canary")],
            captureTraceFeedback: ["canary", "canary"], updateEarlyAccessFeatureEnrollment: ["canary", true],
        };
        for (const [name, values] of Object.entries(calls)) client[name]?.(...values);
        client.capture("tab opened", { tab: "cpu" }, { $set: { name: "canary" }, $set_once: { name: "canary" }, send_instantly: true, transport: "sendBeacon" });
        return Object.keys(calls).filter((name) => typeof client[name] !== "function");
    });
    assert.deepEqual(missing, [], "the client has these functions");
    await arrived(page, 2);
    await sleep(BATCH);
    assert.deepEqual(page.receiver.events.map(({ event }) => event), ["$pageview", "tab opened"]);
    assert.ok(page.receiver.events.every(({ properties }) => properties.distinct_id === GUID));
    assert.equal(page.receiver.requests.length, 1);
    assert.equal(page.receiver.everything.includes("canary"), false);
    assert.deepEqual(elsewhere(page), []);
    assert.deepEqual(await stored(page), []);
    await page.context().close();
});

test("a browser that PostHog's client knows from elsewhere is neither recognised nor changed, and its no counts", async () => {
    for (const [before, events] of [
        [() => (document.cookie = "ph_KEY_posthog=" + encodeURIComponent(JSON.stringify({ distinct_id: "canary-old", $device_id: "canary-old" }))), 1],
        [() => localStorage.setItem("__ph_opt_in_out_KEY", "0"), 0],
    ]) {
        const page = await open(yes.url, { script: `if (location.hostname === "canary-host.test") (${before})()`.replace("KEY", KEY) });
        const there = await stored(page);
        assert.equal(there.length, 1);
        await nextBatch(page);
        if (events > 0) await arrived(page, events);
        await page.click("#capture");
        await sleep(500);
        assert.equal(page.receiver.events.length, events);
        assert.equal(page.receiver.everything.includes("canary"), false);
        assert.deepEqual(await stored(page), there);
        await page.context().close();
    }
});

test("an event that was captured before the masks were registered is not sent", async () => {
    const page = await idle();
    const state = await page.evaluate(async ({ agent, destination }) => {
        const { default: posthog } = await import("./node_modules/posthog-js/dist/module.js");
        const { startTelemetry } = await import("./telemetry.js");
        posthog.capture("too early");
        const eager = {
            init: (...values) => (posthog.init(...values), posthog.capture("too early")),
            register: (values) => (posthog.capture("too early"), posthog.register(values)),
            capture: (...values) => posthog.capture(...values),
        };
        window.telemetry = startTelemetry({ agent, destination, client: eager, events: { "too early": {} } });
        return (await window.telemetry.ready).state;
    }, { agent: yes.url, destination: page.receiver.url });
    assert.equal(state, "on");
    await nextBatch(page);
    await arrived(page, 1);
    assert.deepEqual(page.receiver.events.map(({ event }) => event), ["$pageview"]);
    await page.context().close();
});

test("numbers, times and forms that are none are not sent, and the masks and the identifier cannot be declared away", async () => {
    const page = await idle();
    const thrown = await page.evaluate(async ({ agent, destination }) => {
        const { default: posthog } = await import("./node_modules/posthog-js/dist/module.js");
        const { startTelemetry } = await import("./telemetry.js");
        const events = {
            word: { text: "word", id: "id", other: "toString", more: "constructor", gone: null, listed: ["a b", "http://canary"] },
            masks: { distinct_id: "number", event_source: ["canary"], $host: ["canary"], token: "number" },
        };
        // An event as passed to before_send, whatever the client's version did before.
        let receive;
        const client = { ...posthog, init: (key, options) => (receive = options.before_send), register: () => {}, capture: () => {} };
        window.telemetry = startTelemetry({ agent, destination, client, events });
        await window.telemetry.ready;
        const event = (event, properties, more) => ({ event, properties, uuid: crypto.randomUUID?.() ?? "01a214cd-1575-7ef0-860f-84d4671a05d7", timestamp: new Date(), ...more });
        const text = "canary.example.org";
        const thrown = [];
        for (const odd of [
            event("word", { text, id: "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10", other: text, more: text, gone: text, listed: "http://canary" }),
            event("masks", { distinct_id: 7, event_source: "canary", $host: "canary", token: 1 }),
            event("word", { listed: "a b" }),
            event("word", {}, { uuid: text }),
            event("word", {}, { uuid: undefined }),
            event("word", {}, { timestamp: new Date(NaN) }),
            event("word", {}, { timestamp: text }),
            event("word", {}, { timestamp: undefined }),
            event("toString", {}),
            event("__proto__", {}),
            event(undefined, {}),
            null,
        ]) {
            try {
                if (receive(odd) !== null) thrown.push("given back");
            } catch (error) {
                thrown.push(String(error));
            }
        }
        return thrown;
    }, { agent: yes.url, destination: page.receiver.url });
    assert.deepEqual(thrown, []);
    await nextBatch(page);
    const events = await arrived(page, 3);
    assert.deepEqual(events.map(({ event }) => event), ["word", "masks", "word"]);
    assert.equal(page.receiver.everything.includes("canary"), false, page.receiver.everything);
    assert.deepEqual(["text", "id", "other", "more", "gone", "listed"].filter((name) => name in events[0].properties), []);
    const { distinct_id, event_source, $host } = events[1].properties;
    assert.deepEqual([distinct_id, event_source, $host], [GUID, "agent dashboard", "dashboard.netdata.io"]);
    assert.equal(events[2].properties.listed, "a b");
    await page.context().close();
});

test("events go to the destination and nowhere else, and count as sent only if it accepts them", async () => {
    const other = await Receiver.start();
    for (const [answer, counts] of [
        [(response) => response.writeHead(307, { location: `${other.url}/canary` }).end(), { sent: 0, lost: 1 }],
        [(response) => response.writeHead(308, { location: `${other.url}/canary` }).end(), { sent: 0, lost: 1 }],
        [(response) => response.writeHead(503).end(), { sent: 0, lost: 1 }],
        [(response) => response.writeHead(200).end(), { sent: 1, lost: 0 }],
    ]) {
        const server = http.createServer((request, response) => {
            response.setHeader("access-control-allow-origin", request.headers.origin);
            answer(response);
        });
        await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve).unref());
        const page = await open(yes.url, { query: { destination: `http://127.0.0.1:${server.address().port}` } });
        await nextBatch(page);
        assert.ok(await until(() => status(page).then(({ sent, lost }) => sent + lost === 1)));
        const { sent, lost } = await status(page);
        assert.deepEqual({ sent, lost }, counts);
        await page.context().close();
        server.closeAllConnections();
        server.close();
    }
    assert.deepEqual(other.requests, []);
    other.close();
});

test("a parent's answer for a child is no yes: the child may have opted out", async () => {
    const stream = "11111111-2222-3333-4444-555555555555";
    const parent = await Agent.start();
    const child = await Agent.start({ optedOut: true });
    try {
        fs.writeFileSync(parent.path("config/stream.conf"), `[${stream}]\n enabled = yes\n default memory mode = ram\n`);
        fs.writeFileSync(child.path("config/stream.conf"), `[stream]\n enabled = yes\n destination = 127.0.0.1:${parent.port}\n api key = ${stream}\n`);
        child.rename("canary-child");
        await parent.restart();
        await child.restart();
        const address = `${parent.url}/host/canary-child`;
        const answer = () => fetch(`${address}/api/v1/registry?action=hello`).then((response) => response.json(), () => null);
        assert.ok(await until(async () => (await answer().catch(() => null))?.hostname === "canary-child"), "the child streams to its parent");
        assert.ok(await until(async () => (await child.hello()).anonymous_statistics === false));
        const { machine_guid } = await child.hello();
        const { machine_guid: said, anonymous_statistics } = await answer();
        assert.deepEqual([said, anonymous_statistics], [machine_guid, true], "it lends the child its own consent");
        for (const agent of [address, `${parent.url}/%68ost/canary-child/`, `${parent.url}//host//canary-child`, `${parent.url}/HOST/canary-child`]) {
            const page = await open(agent);
            await assertSilent(page, /must be its own/);
            assert.equal(page.asked.some((url) => url.startsWith(parent.url)), false, "it is not even asked");
            await page.context().close();
        }
        const page = await open(parent.url);
        await nextBatch(page);
        const [event] = await arrived(page, 1);
        assert.notEqual(event.properties.distinct_id, machine_guid);
        await page.context().close();
    } finally {
        await child.close();
        await parent.close();
    }
});

test("behind a reverse proxy the agent is asked below its path, and one that wants a password means no", async () => {
    const agent = await Agent.start();
    const proxy = await Proxy.start(`
        location /canary-proxied/ { proxy_pass ${agent.url}/; }
        location /canary-locked/ { auth_basic "agent"; auth_basic_user_file password; proxy_pass ${agent.url}/; }
        location / { proxy_pass http://127.0.0.1:${pages.port}; }`);
    try {
        const { machine_guid } = await agent.hello();
        // A dashboard with the agent's origin, which may name the agent by a path.
        const at = { pages: { port: proxy.port } };
        for (const address of [`http://127.0.0.1:${proxy.port}/canary-proxied`, `http://127.0.0.1:${proxy.port}/canary-proxied/?canary#canary`, "/canary-proxied/"]) {
            const page = await openTestPage(browser, at.pages, address);
            await nextBatch(page);
            const [event] = await arrived(page, 1);
            assert.equal(event.properties.distinct_id, machine_guid);
            assert.equal(page.receiver.everything.includes("canary"), false);
            assert.deepEqual(await stored(page), [], "not even the cookie of the agent's registry");
            await page.context().close();
        }
        const page = await openTestPage(browser, at.pages, "/canary-locked");
        await assertSilent(page, /status 401/);
        await page.context().close();
    } finally {
        await proxy.close();
        await agent.close();
    }
});

test("where the page's policy forbids the worker, nothing is sent", async () => {
    const scripts = "script-src 'self' 'unsafe-inline' 'unsafe-eval'";
    const page = await open(yes.url, { query: { policy: `${scripts}; worker-src 'self'` } });
    assert.ok(await until(async () => (await status(page)).state === "off"), JSON.stringify(await status(page)));
    assert.match((await status(page)).why, /worker-src/);
    await page.clock.fastForward(BATCH);
    await page.click("#capture");
    await sleep(500);
    assert.deepEqual(page.receiver.requests, []);
    await page.context().close();

    const allowed = await open(yes.url, { query: { policy: `${scripts}; worker-src data:; connect-src *` } });
    await nextBatch(allowed);
    await arrived(allowed, 1);
    await allowed.context().close();
});

test("in a frame the page that holds it is not told either", async () => {
    const page = await idle();
    const query = new URLSearchParams({ agent: yes.url, destination: page.receiver.url });
    await page.evaluate((address) => {
        const frame = document.createElement("iframe");
        frame.src = address;
        document.body.append(frame);
        return new Promise((resolve) => (frame.onload = resolve));
    }, `http://canary-host.test:${pages.port}/canary-frame/test.html?${query}`);
    const [frame] = page.frames().filter((frame) => frame.url().includes("canary-frame"));
    assert.match(await frame.evaluate(() => document.referrer), /canary-host/);
    const { state, why: said } = await frame.evaluate(() => window.telemetry.ready);
    assert.equal(state, "on", said);
    await page.clock.fastForward(BATCH);
    await arrived(page, 1);
    assert.equal(page.receiver.everything.includes("canary"), false);
    await page.context().close();

    // A sandboxed frame has no storage to check for an objection.
    const outer = await idle({ realTime: true });
    const why = await outer.evaluate(async (address) => {
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-scripts";
        const told = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data)));
        frame.srcdoc = `<script type="module">
            const { startTelemetry } = await import("${address}");
            const { why } = await startTelemetry({ agent: "http://localhost:19999", client: null }).ready;
            parent.postMessage(why, "*");
        </script>`;
        document.body.append(frame);
        return told;
    }, `http://canary-host.test:${pages.port}/canary-path/telemetry.js`);
    assert.match(why, /storage cannot be read/);
    await outer.context().close();
});

test("a client that is given loaded is not started without consent; it has tried the storage by then", async () => {
    const no = await Impostor.start((response) => response.end(JSON.stringify({ ...YES, anonymous_statistics: false })));
    const page = await idle();
    const started = await page.evaluate(async (agent) => {
        const { default: posthog } = await import("./node_modules/posthog-js/dist/module.js");
        const { startTelemetry } = await import("./telemetry.js");
        await startTelemetry({ agent, client: posthog }).ready;
        return posthog.__loaded;
    }, no.url);
    assert.equal(started, false);
    assert.deepEqual(await written(page), ["localStorage __mplssupport__"], `posthog-js ${POSTHOG} writes that when it is imported`);
    assert.deepEqual(await stored(page), [], "and takes it back");
    assert.deepEqual(elsewhere(page).filter((url) => !url.startsWith(no.url)), []);
    await page.context().close();
    no.close();
});
