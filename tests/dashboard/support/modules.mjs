// Paths. `cargo xtask dashboard` installs the packages of package-lock.json below target/, and passes that folder and
// the programs' folder.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

function named(variable) {
    const value = process.env[variable];
    if (!value) throw new Error(`${variable} is not set: run these tests with cargo xtask dashboard`);
    return value;
}

export const MODULES = path.join(named("DASHBOARD_MODULES"), "node_modules");
export const PROGRAMS = named("DASHBOARD_PROGRAMS");
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const DASHBOARD = path.join(ROOT, "dashboard");

const require = createRequire(path.join(MODULES, "tests.cjs"));
export const { chromium } = require("playwright-core");
export const POSTHOG = require("posthog-js/package.json").version;

/** A recording: the program with its version, and the names of properties. */
export function recorded(name) {
    const text = fs.readFileSync(path.join(DASHBOARD, "recorded", `${name}.txt`), "utf8");
    const [program, ...names] = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return { program, names };
}

/** Compares with a recording, or rewrites it if RECORD=1 is set. `sometimes` are names seen in some runs only. */
export function holdAgainstRecording(assert, name, program, names, sometimes = []) {
    const sorted = [...new Set([...names, ...sometimes])].sort();
    if (process.env.RECORD === "1") {
        const file = path.join(DASHBOARD, "recorded", `${name}.txt`);
        const comments = fs.readFileSync(file, "utf8").match(/^#.*\n/gm) ?? [];
        fs.writeFileSync(file, `${comments.join("")}${program}\n${sorted.join("\n")}\n`);
    }
    assert.deepEqual({ program, names: sorted }, recorded(name), "record anew: RECORD=1 cargo xtask dashboard");
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Far longer than anything takes on a busy machine: only what never comes is waited for so long. */
export const PATIENCE = 120_000;

/** Waits for a condition and returns its last value. */
export async function until(condition, ms = PATIENCE) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
        if (await condition()) return true;
    }
    return Boolean(await condition());
}
