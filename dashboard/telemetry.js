// Masked telemetry for a dashboard of a Netdata agent: nothing at all without the agent's yes, and nothing that says which
// machine, page or address it comes from. README.md says how to use it, telemetry.d.ts what the parts mean.
//
// PostHog's own client collects: it knows browser, screen and session. It does not send: whatever it posts carries the
// page's origin (the headers Origin and Referer), and a retry or a page that closes would post without asking the agent
// again. So the client gets an address that leads nowhere, each event ends in `before_send`, and what is left of it is
// posted from a worker that has no origin.

/* generated: constants */

/** The version of the table of fields (`telemetry-preview schema --channel dashboard`). */
export const SCHEMA_VERSION = 1;
const API_KEY = "mqkwGT0JNFqO-zX2t0mW6Tec9yooaVu7xCBlXtHnt5Y";
const DESTINATION = "https://posthog.netdata.cloud/";
/** What every event says in place of the truth. */
const MASKS = Object.freeze({
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
});
/** What PostHog's client may say, with its form; nothing else that it adds is sent. */
const KEPT = Object.freeze({
    $browser: "word",
    $browser_version: "number",
    $os: "word",
    $os_version: "word",
    $device_type: "word",
    $screen_width: "number",
    $screen_height: "number",
    $lib: "word",
    $lib_version: "word",
    $session_id: "id",
});

/* end generated: constants */

/** How often an open page asks the agent again. */
const ASK_EVERY_MS = 60_000;
/** How long events wait for others that leave with them. */
const BATCH_MS = 3_000;
/** How long the agent has for its answer. */
const ANSWER_MS = 5_000;
/** A yes must last so long: an opted-out agent 1.37.1 that has just been started says yes for some milliseconds. */
const LASTING_MS = 1_000;
/** The longest answer that is read; that of agent 1.37.1 has some 300 characters. */
const ANSWER_LENGTH = 65_536;
/** The most events that wait. */
const WAITING = 50;
/** The entry in localStorage by which a person opts out this browser. */
const OPT_OUT_ENTRY = "netdata-telemetry-opt-out";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FORMS = {
    word: (value) => typeof value === "string" && /^[A-Za-z0-9 ._:+,-]{1,64}$/.test(value),
    number: (value) => Number.isFinite(value),
    boolean: (value) => typeof value === "boolean",
    id: (value) => typeof value === "string" && GUID.test(value),
};

/** Whether a value is what a dashboard has declared: one of its words, a number or a truth value, and no text of any other kind. */
function declared(form, value) {
    if (Array.isArray(form)) return form.includes(value) && FORMS.word(value);
    return ["number", "boolean"].includes(form) && FORMS[form](value);
}

/** A data: address has an opaque origin (HTML, "run a worker"): the request says `Origin: null` and has no Referer. */
const WORKER = `data:text/javascript,${encodeURIComponent(`
onmessage = async ({ data: { url, body, count } }) => {
    const options = { method: "POST", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", redirect: "error" };
    const accepted = await fetch(url, { ...options, body }).then(({ ok }) => ok, () => false);
    postMessage(accepted ? { sent: count, lost: 0 } : { sent: 0, lost: count });
};`)}`;

export function startTelemetry(options) {
    return new Telemetry(options).handle();
}

class Telemetry {
    state = "asking";
    why = "the agent has not answered yet";
    /** Events that wait to leave together. */
    waiting = [];
    sent = 0;
    lost = 0;
    last = null;

    constructor({ agent, client, events = {}, destination = DESTINATION, key = API_KEY }) {
        this.events = { $pageview: {}, ...events };
        this.key = key;
        this.onStorage = (event) => event.key === OPT_OUT_ENTRY && this.browserAllows();
        this.onPageHide = () => this.drop();
        try {
            this.question = new URL("api/v1/registry?action=hello", ownAddress(agent)).href;
            this.destination = checkedDestination(destination);
        } catch (error) {
            this.stop(error.message);
        }
        this.ready = this.start(client).catch((error) => this.stop(`it could not be started: ${error.message}`));
    }

    handle() {
        return {
            ready: this.ready.then(() => this.status()),
            status: () => this.status(),
            optOutThisBrowser: () => this.optOutThisBrowser(),
            optInThisBrowser: () => localStorage.removeItem(OPT_OUT_ENTRY),
        };
    }

    status() {
        const { state, why, sent, lost, last, destination } = this;
        return { state, why, destination, waiting: this.waiting.length, sent, lost, last };
    }

    async start(client) {
        if (!this.browserAllows()) return;
        const answer = await this.ask();
        if (!this.browserAllows() || !this.accept(answer)) return;
        this.guid = answer.guid;
        // Given as a function, the client is not even loaded before the agent's yes.
        const posthog = typeof client === "function" ? await client() : client;
        if (!this.browserAllows()) return;
        if (posthog.__loaded) return this.stop("the PostHog client was already started by somebody else");
        posthog.init(this.key, this.clientOptions());
        posthog.register({ ...MASKS });
        this.worker = new Worker(WORKER, { name: "telemetry" });
        this.worker.onmessage = ({ data: { sent, lost } }) => {
            this.sent += sent;
            this.lost += lost;
        };
        this.worker.onerror = () => this.stop("the browser does not let it send without saying where from (worker-src)");
        addEventListener("storage", this.onStorage);
        addEventListener("pagehide", this.onPageHide);
        this.timer = setInterval(() => this.check(), ASK_EVERY_MS);
        this.state = "on";
        this.why = "the agent says that anonymous_statistics is true";
        posthog.capture("$pageview");
    }

    /** The client's options: nothing is captured by itself, stored, loaded or posted, whatever the page's address asks of it. */
    clientOptions() {
        return {
            api_host: "data:,",
            before_send: (event) => this.receive(event),
            bootstrap: { distinctID: this.guid },
            persistence: "memory",
            person_profiles: "never",
            autocapture: false,
            capture_pageview: false,
            capture_pageleave: false,
            capture_performance: false,
            capture_dead_clicks: false,
            capture_heatmaps: false,
            capture_exceptions: false,
            rageclick: false,
            save_referrer: false,
            save_campaign_params: false,
            disable_session_recording: true,
            disable_surveys: true,
            disable_product_tours: true,
            disable_conversations: true,
            disable_web_experiments: true,
            disable_external_dependency_loading: true,
            disableDeviceModel: true,
            advanced_disable_flags: true,
            advanced_disable_toolbar_metrics: true,
            respect_dnt: true,
            // Otherwise `?__posthog_debug=true` and `#__posthog=` in a link make it store something.
            debug: false,
            __extensionClasses: { toolbar: null },
        };
    }

    /** The client's `before_send`: keeps what may be sent of an event, and gives the client nothing to post. */
    receive(event) {
        if (this.state === "on" && this.sendable(event)) {
            if (this.waiting.length < WAITING) {
                this.waiting.push(this.masked(event));
            } else {
                this.lost++;
            }
            this.batch ??= setTimeout(() => this.flush(), BATCH_MS);
        }
        return null;
    }

    /** Whether it is an event of this dashboard, with a number and a time that are such: whoever captures may set both. */
    sendable(event) {
        return event && Object.hasOwn(this.events, event.event) && FORMS.id(event.uuid) && !Number.isNaN(Date.parse(event.timestamp));
    }

    /** An event of which only listed fields are left, each of its form; the masks win over whatever it says. */
    masked({ event, uuid, timestamp, properties = {} }) {
        const kept = {};
        for (const [name, form] of Object.entries(KEPT)) {
            if (FORMS[form](properties[name])) kept[name] = properties[name];
        }
        for (const [name, form] of Object.entries(this.events[event])) {
            if (declared(form, properties[name]) && !name.startsWith("$")) kept[name] = properties[name];
        }
        return { event, uuid, timestamp: new Date(timestamp).toISOString(), properties: { ...kept, ...MASKS, distinct_id: this.guid } };
    }

    /** Asks the agent, and sends what waits if it says yes again. */
    async flush() {
        await this.check();
        this.batch = undefined;
        if (this.state !== "on" || this.waiting.length === 0) return;
        const count = this.waiting.length;
        const body = JSON.stringify({ api_key: this.key, batch: this.waiting });
        this.waiting = [];
        this.last = body;
        // Plain text, so that everybody can read it in the browser's list of requests; PostHog reads JSON under any type.
        this.worker.postMessage({ url: new URL("batch/", this.destination).href, body, count });
    }

    /** Asks whether it is still wanted. */
    async check() {
        if (!this.browserAllows()) return;
        const answer = await this.ask();
        if (!this.browserAllows() || !this.accept(answer)) return;
        if (answer.guid !== this.guid) this.stop("another agent answers");
    }

    accept(answer) {
        if (answer.no) this.stop(answer.no);
        return this.state !== "off";
    }

    /** What the agent says, and says again a little later: its identifier, or why that means no. */
    async ask() {
        const first = await this.askOnce();
        if (first.no) return first;
        await new Promise((resolve) => setTimeout(resolve, LASTING_MS));
        const second = await this.askOnce();
        return second.no || second.guid === first.guid ? second : { no: "another agent answers" };
    }

    async askOnce() {
        try {
            const response = await fetch(this.question, {
                credentials: "omit",
                cache: "no-store",
                redirect: "error",
                referrerPolicy: "no-referrer",
                signal: AbortSignal.timeout(ANSWER_MS),
            });
            if (!response.ok) return { no: `the agent answers with status ${response.status}` };
            const answer = JSON.parse(await limitedText(response));
            if (answer?.anonymous_statistics !== true) return { no: "the agent does not say that anonymous_statistics is true" };
            if (!FORMS.id(answer.machine_guid) || !/[1-9a-f]/i.test(answer.machine_guid)) {
                return { no: "the agent does not say who it is (machine_guid)" };
            }
            return { guid: answer.machine_guid };
        } catch {
            return { no: "the agent cannot be asked, or its answer cannot be read" };
        }
    }

    /** Whether this browser objects. A storage that cannot be read may hold an objection. */
    browserAllows() {
        try {
            if (localStorage.getItem(OPT_OUT_ENTRY) !== null) this.stop("this browser was opted out");
        } catch {
            this.stop("this browser's storage cannot be read");
        }
        if (["1", "yes"].includes(navigator.doNotTrack) || navigator.globalPrivacyControl === true) {
            this.stop("this browser asks not to be tracked");
        }
        return this.state !== "off";
    }

    optOutThisBrowser() {
        this.stop("this browser was opted out");
        localStorage.setItem(OPT_OUT_ENTRY, "1");
    }

    /** From here on nothing leaves this page, whatever the agent says later. The first reason stands. */
    stop(why) {
        if (this.state === "off") return;
        this.state = "off";
        this.why = why;
        this.drop();
        clearInterval(this.timer);
        this.worker?.terminate();
        removeEventListener("storage", this.onStorage);
        removeEventListener("pagehide", this.onPageHide);
    }

    /** A page that closes cannot ask the agent any more, so what waits is not sent. */
    drop() {
        clearTimeout(this.batch);
        this.batch = undefined;
        this.lost += this.waiting.length;
        this.waiting = [];
    }
}

/** An address whose last part is a folder. */
function ended(address) {
    const url = new URL(address, globalThis.location?.href);
    if (!["http:", "https:"].includes(url.protocol)) throw new Error("the agent's address must begin with http:// or https://");
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url;
}

/** Under `/host/NAME/` a parent answers with the identifier of a child and with its own consent, which is not the child's. */
function ownAddress(address) {
    const url = ended(address);
    if (/\/(host|node)\/+[^/]/i.test(decodeURIComponent(url.pathname))) {
        throw new Error("the agent's address must be its own: a parent does not know whether its children have opted out");
    }
    return url;
}

/** As for the agent's own sender: https, or http to this machine. */
function checkedDestination(address) {
    const url = ended(address);
    const here = url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d+){3}$/.test(url.hostname);
    if (url.protocol === "https:" || here) return url.href;
    throw new Error("the destination must be https, or http to this machine");
}

async function limitedText(response) {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunks(response.body.getReader())) {
        text += decoder.decode(chunk, { stream: true });
        if (text.length > ANSWER_LENGTH) throw new Error("too long");
    }
    return text;
}

async function* chunks(reader) {
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
    }
}
