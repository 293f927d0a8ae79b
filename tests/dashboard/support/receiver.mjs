// Stands in for PostHog's server on loopback: it keeps every request with all headers, and decodes posthog-js's bodies
// (PostHog's formats: JSON, base64 in a form, gzip; one event, a list, or a batch).

import http from "node:http";
import zlib from "node:zlib";

export class Receiver {
    /** By arrival: `{ method, url, headers, body, events }`. */
    requests = [];

    static async start() {
        const receiver = new Receiver();
        receiver.server = http.createServer((request, response) => receiver.serve(request, response));
        await new Promise((resolve) => receiver.server.listen(0, "127.0.0.1", resolve).unref());
        receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
        return receiver;
    }

    serve(request, response) {
        const chunks = [];
        request.on("data", (chunk) => chunks.push(chunk));
        request.on("end", () => {
            this.keep(request, Buffer.concat(chunks));
            // CORS, as PostHog's server grants it.
            const origin = request.headers.origin ?? "*";
            // GET would fetch a configuration; there is none.
            response.writeHead(request.method === "GET" ? 404 : 200, {
                "access-control-allow-origin": origin,
                "access-control-allow-headers": "content-type",
                "content-type": "application/json",
            });
            response.end('{"status":1}');
        });
    }

    keep({ method, url, headers, rawHeaders }, bytes) {
        const body = bytes.length > 0 ? decode(bytes, headers["content-type"] ?? "", url) : "";
        this.requests.push({ method, url, headers, rawHeaders, body, events: events(body) });
    }

    get events() {
        return this.requests.flatMap((request) => request.events);
    }

    /** The names of all properties of persons, and of these events. */
    names(events) {
        const sets = this.events.filter(({ event }) => events.includes(event)).flatMap((event) => [event.properties, event.$set, event.$set_once]);
        const persons = this.requests.map(({ body }) => JSON.parse(body || "{}").person_properties);
        return [...new Set([...sets, ...persons].flatMap((set) => Object.keys(set ?? {})))].sort();
    }

    /** All requests as one text, for searches. */
    get everything() {
        return JSON.stringify(this.requests);
    }

    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

export function decode(bytes, contentType, url) {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
        return zlib.gunzipSync(bytes).toString("utf8");
    }
    const text = bytes.toString("utf8");
    if (contentType.startsWith("application/x-www-form-urlencoded")) {
        return Buffer.from(new URLSearchParams(text).get("data") ?? "", "base64").toString("utf8");
    }
    if (new URL(url, "http://receiver").searchParams.get("compression") === "base64") {
        return Buffer.from(text, "base64").toString("utf8");
    }
    return text;
}

function events(body) {
    try {
        const json = JSON.parse(body);
        const list = Array.isArray(json) ? json : (json.batch ?? [json]);
        return list.filter((item) => typeof item?.event === "string");
    } catch {
        return [];
    }
}
