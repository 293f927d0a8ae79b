// The example of dashboard/README.md, unchanged: with the agent's usual port, and Netdata's server as destination.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { Agent } from "./support/agent.mjs";
import { Browser, outsideHosts, Pages } from "./support/browser.mjs";
import { DASHBOARD, POSTHOG, until } from "./support/modules.mjs";
import { Outside } from "./support/outside.mjs";

const README = fs.readFileSync(path.join(DASHBOARD, "README.md"), "utf8");
const [, EXAMPLE] = README.match(/^```js\n([^]*?)^```$/m);

test("the example of dashboard/README.md sends what it says", async () => {
    const [pages, outside] = await Promise.all([Pages.start(), Outside.start()]);
    const browser = await Browser.start(outside.port);
    const agent = await Agent.start({ port: 19_999 });
    pages.files.set("/example.js", ["text/javascript", EXAMPLE]);
    pages.files.set("/example.html", ["text/html", `<!doctype html><title>canary-title</title>
        <button id="no-telemetry">No telemetry</button>
        <script type="importmap">{ "imports": { "posthog-js": "./node_modules/posthog-js/dist/module.js" } }</script>
        <script type="module" src="example.js"></script>`]);
    try {
        const page = await browser.page();
        const lines = [];
        page.on("console", (message) => message.type() === "log" && lines.push(message.text()));
        const address = `http://canary-host.test:${pages.port}/canary-path/example.html`;
        await page.goto(address);
        assert.ok(await until(() => outside.events.length === 2), `${lines} ${page.troubles}`);
        const { machine_guid } = await agent.hello();
        assert.deepEqual(outside.events.map(({ event, properties: { distinct_id, tab, charts, dark } }) => [event, distinct_id, tab, charts, dark]), [
            ["$pageview", machine_guid, undefined, undefined, undefined],
            ["tab opened", machine_guid, "cpu", 12, false],
        ]);
        assert.deepEqual(outside.to("posthog.netdata.cloud").map(({ method, url }) => [method, url]), [["POST", "/batch/"]]);
        assert.deepEqual(outsideHosts(page), ["localhost", "posthog.netdata.cloud"], "the agent, and one other");
        assert.equal(outside.everything.includes("canary"), false);
        assert.deepEqual(lines, ["telemetry is on: the agent says that anonymous_statistics is true"]);

        await page.click("#no-telemetry");
        await page.goto(address);
        assert.ok(await until(() => lines.length === 2));
        assert.equal(lines[1], "telemetry is off: this browser was opted out");
        assert.deepEqual([outside.events.length, page.troubles], [2, []]);
    } finally {
        await agent.close();
        await browser.close();
        outside.close();
        pages.close();
    }
});

test("dashboard/README.md names the versions that are tested", () => {
    assert.ok(README.includes(`posthog-js@${POSTHOG}`) && README.includes(`posthog-js ${POSTHOG}`));
});
