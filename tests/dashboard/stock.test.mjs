// The dashboard of Debian's netdata in a real browser, against the real daemon: its outside hosts with and without the
// opt-out file, and the data for them. docs/channels.md states these results.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { Agent, HOST } from "./support/agent.mjs";
import { Browser, outsideHosts, stored } from "./support/browser.mjs";
import { holdAgainstRecording, POSTHOG, ROOT, sleep, until } from "./support/modules.mjs";
import { Outside } from "./support/outside.mjs";

/** By page: the hosts contacted in either case, and those contacted only without the opt-out file. */
const PAGES = {
    "/": {
        always: ["api.github.com", "netdata-news.cdn.prismic.io", "registry.my-netdata.io"],
        consent: ["app.posthog.com", "us-assets.i.posthog.com", "us.i.posthog.com"],
    },
    "/old/": {
        always: ["api.github.com", "app.netdata.cloud", "registry.my-netdata.io"],
        consent: ["www.googletagmanager.com"],
    },
    "/console.html": {
        always: ["fonts.googleapis.com", "netdata.cloud", "www.googletagmanager.com"],
        consent: [],
    },
};
const TELEMETRY = /posthog|googletagmanager/;
/** Properties that the page sends only if the agent has told it in time. */
const SOMETIMES = ["host_dashboard_used"];
const ADDRESS = "canary-host.test";

/**
 * Opens a page of the agent until it has contacted all these hosts, and waits a little longer. On a busy machine a
 * dashboard may give up on one; then the page is reopened, and its earlier requests count too.
 */
async function visit(browser, agent, where, hosts) {
    const before = [];
    for (let tries = 3; ; tries--) {
        const page = await browser.page();
        page.asked.push(...before);
        await page.goto(`http://${ADDRESS}:${agent.port}${where}`);
        const complete = await until(() => hosts.every((host) => outsideHosts(page).includes(host)), 20_000);
        if (complete || tries === 1) {
            await sleep(hosts.some((host) => host.includes("posthog")) ? 6_000 : 4_000);
            return page;
        }
        await page.context().close();
        before.push(...page.asked);
    }
}

async function withAgent(options, work) {
    const agent = await Agent.start(options);
    const outside = await Outside.start();
    const browser = await Browser.start(outside.port);
    try {
        await work({ agent, outside, browser });
    } finally {
        await browser.close();
        outside.close();
        await agent.close();
    }
}

/** The registry's query contains neither the agent's name nor its address, but a header contains the address. */
function assertRegistryHears(outside, machine_guid) {
    const [access] = outside.to("registry.my-netdata.io").filter(({ method }) => method === "GET");
    const question = new URL(access.url, "http://registry").searchParams;
    assert.deepEqual(["machine", "name", "url"].map((name) => question.get(name)), [machine_guid, "***", "***"]);
    assert.match(access.headers.referer, new RegExp(ADDRESS));
}

test("without the opt-out file the agent's own dashboard sends events, and they are not masked well", async () => {
    await withAgent({}, async ({ agent, outside, browser }) => {
        for (const [where, { always, consent }] of Object.entries(PAGES)) {
            const expected = [...always, ...consent].sort();
            const page = await visit(browser, agent, where, expected);
            assert.deepEqual(outsideHosts(page), expected, where);
            for (const host of expected) assert.ok(outside.to(host).length > 0, `${host} was asked`);
            if (where === "/") {
                assert.ok((await stored(page)).some((entry) => entry.startsWith("cookie ph_")));
                assert.equal(await page.title(), `${HOST} netdata dashboard`);
            }
            await page.context().close();
        }

        // The dashboard with PostHog masks its own properties, but the client adds others.
        const [event] = outside.events;
        const { machine_guid } = await agent.hello();
        assert.equal(event.event, "$pageview");
        assert.deepEqual(
            ["$ip", "$current_url", "$pathname", "$host"].map((name) => event.properties[name]),
            ["127.0.0.1", "agent dashboard", "netdata-dashboard", "dashboard.netdata.io"],
        );
        assert.equal(event.properties.netdata_machine_guid, machine_guid);
        assert.notEqual(event.properties.distinct_id, machine_guid, "it is a number of the browser");
        // The title at that moment: the page adds the agent's host name once it knows it.
        assert.ok(["netdata dashboard", `${HOST} netdata dashboard`].includes(event.properties.title), event.properties.title);
        for (const name of ["$session_entry_url", "$session_entry_host"]) {
            assert.match(event.properties[name], new RegExp(ADDRESS), name);
        }
        const flags = outside.requests.find(({ url }) => url.startsWith("/flags/"));
        assert.match(JSON.parse(flags.body).person_properties.$initial_current_url, new RegExp(ADDRESS));
        for (const { headers } of outside.to("us.i.posthog.com")) {
            assert.match(headers.origin, new RegExp(ADDRESS));
            assert.match(headers.referer, new RegExp(ADDRESS));
        }
        const version = fs.readFileSync(path.join("/usr/share/netdata/web/version.txt"), "utf8").trim();
const program = `netdata ${version.replace(/^v/, "")}, posthog-js ${POSTHOG}`;
        holdAgainstRecording(assert, "stock-dashboard", program, outside.names(["$pageview"]), SOMETIMES);

        assertRegistryHears(outside, machine_guid);
    });
});

test("once it was opted out and restarted it sends no events, and still turns to others", async () => {
    await withAgent({}, async ({ agent, outside, browser }) => {
        assert.ok(await until(() => agent.receiver.requests.length > 0), "it says that it has started");
        agent.optOut();
        const sent = agent.receiver.requests.length;
        await agent.restart();
        assert.ok(await until(async () => (await agent.hello()).anonymous_statistics === false));
        for (const [where, { always }] of Object.entries(PAGES)) {
            const page = await visit(browser, agent, where, always);
            assert.deepEqual(outsideHosts(page), always, where);
            assert.deepEqual((await stored(page)).filter((entry) => entry.includes(" ph_")), [], where);
            await page.context().close();
        }
        assertRegistryHears(outside, (await agent.hello()).machine_guid);
        assert.deepEqual(outside.events, []);
        assert.equal(outside.everything.includes("posthog"), false);
        assert.equal(agent.receiver.requests.length, sent, "the daemon's own events are stopped by the same file");
    });
});

test("docs/channels.md says so", () => {
    const page = fs.readFileSync(path.join(ROOT, "docs/channels.md"), "utf8");
    const list = (hosts) => hosts.map((host) => `\`${host}\``).join(", ") || "none";
    for (const [where, { always, consent }] of Object.entries(PAGES)) {
        const stops = always.some((host) => TELEMETRY.test(host)) ? "no" : "yes";
        const row = `| \`${where}\` | ${list(consent)} | ${list(always)} | ${stops} |`;
        assert.ok(page.includes(row), `missing: ${row}`);
    }
});
