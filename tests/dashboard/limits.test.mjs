// Agent 1.37.1's answer to its dashboards: only the file counts, and only at the daemon's start.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";

import { Agent } from "./support/agent.mjs";
import { sleep, until } from "./support/modules.mjs";

async function withAgent(options, work) {
    const agent = await Agent.start(options);
    try {
        await work(agent, async () => (await agent.hello()).anonymous_statistics);
    } finally {
        await agent.close();
    }
}

test("variables alone do not change what the daemon tells its dashboards, though they stop our sender", async () => {
    for (const name of ["DISABLE_TELEMETRY", "DO_NOT_TRACK"]) {
        await withAgent({ variables: { [name]: "1" } }, async (agent, answer) => {
            await sleep(500);
            assert.equal(await answer(), true, name);
            assert.deepEqual(agent.receiver.requests, [], `${name}: the daemon has called the sender, which stopped`);
        });
    }
});

test("a file counts from the next start on, and so does its removal", async () => {
    await withAgent({}, async (agent, answer) => {
        assert.equal(await answer(), true);
        agent.optOut();
        assert.equal(await answer(), true, "the daemon does not look again");
        await agent.restart();
        // In its web server's first milliseconds the daemon has not checked yet, and may still say yes.
        assert.ok(await until(async () => (await answer()) === false));
        fs.unlinkSync(agent.path("config/.opt-out-from-anonymous-statistics"));
        assert.equal(await answer(), false);
        await agent.restart();
        await sleep(500);
        assert.equal(await answer(), true);
    });
});

test("without a telemetry script the daemon says no", async () => {
    await withAgent({}, async (agent, answer) => {
        fs.unlinkSync(agent.path("plugins.d/anonymous-statistics.sh"));
        await agent.restart();
        assert.ok(await until(async () => (await answer()) === false));
        await sleep(500);
        assert.equal(await answer(), false);
    });
});
