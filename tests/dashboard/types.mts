// A dashboard in TypeScript. Compiling it tests dashboard/telemetry.d.ts.

import posthog from "posthog-js";

import { startTelemetry, type Status, type Telemetry } from "./telemetry.js";

const telemetry: Telemetry = startTelemetry({
    agent: new URL("http://localhost:19999"),
    client: async () => (await import("posthog-js")).default,
    events: { "tab opened": { tab: ["cpu", "disk"], charts: "number", dark: "boolean" } },
    destination: "https://posthog.example.org",
    key: "key",
});
startTelemetry({ agent: "http://localhost:19999", client: posthog });

const status: Status = await telemetry.ready;
if (status.state === "off") {
    const why: string = status.why;
    telemetry.optInThisBrowser();
    console.log(why, telemetry.status().last?.length);
}
telemetry.optOutThisBrowser();

// @ts-expect-error an agent is needed
startTelemetry({ client: posthog });
// @ts-expect-error there is no such form
startTelemetry({ agent: "", client: posthog, events: { opened: { text: "string" } } });
// @ts-expect-error there is no such state
status.state === "maybe";
