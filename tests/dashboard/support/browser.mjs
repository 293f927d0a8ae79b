// Debian's Chromium, driven by playwright-core. The tests' names resolve to loopback, and all outside hosts to the
// server in outside.mjs.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { chromium, DASHBOARD, MODULES, PATIENCE } from "./modules.mjs";

/** Looks like a user's browser: posthog-js drops events of browsers that declare automation. */
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

export class Browser {
    /** @param outside the port of the server for all outside hosts, which are not found without one. */
    static async start(outside) {
        const elsewhere = outside === undefined ? "~NOTFOUND" : `127.0.0.1:${outside}`;
        const browser = new Browser();
        browser.chromium = await chromium.launch({
            executablePath: "/usr/bin/chromium",
            args: [
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--ignore-certificate-errors",
                "--disable-blink-features=AutomationControlled",
                `--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ${elsewhere}, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
            ],
        });
        return browser;
    }

    /** A page with a new profile. It keeps the addresses of all requests, and its errors. */
    async page() {
        const context = await this.chromium.newContext({ userAgent: USER_AGENT });
        context.setDefaultTimeout(PATIENCE);
        const page = await context.newPage();
        page.asked = [];
        context.on("request", (request) => page.asked.push(request.url()));
        page.troubles = [];
        page.on("pageerror", (error) => page.troubles.push(error.message));
        return page;
    }

    async close() {
        await this.chromium.close();
    }
}

/** The hosts that a page has contacted, without this machine and the tests' names. */
export function outsideHosts(page) {
    const hosts = page.asked.map((url) => new URL(url)).filter(({ protocol }) => protocol.startsWith("http")).map(({ hostname }) => hostname);
    return [...new Set(hosts)].filter((host) => host !== "127.0.0.1" && !host.endsWith(".test")).sort();
}

/** The names of a page's stored cookies and entries. */
export async function stored(page) {
    const cookies = (await page.context().cookies()).map((cookie) => `cookie ${cookie.name}`);
    const entries = await page.evaluate(async () => [
        ...Object.keys(localStorage).map((name) => `localStorage ${name}`),
        ...Object.keys(sessionStorage).map((name) => `sessionStorage ${name}`),
        ...(await indexedDB.databases()).map(({ name }) => `indexedDB ${name}`),
    ]);
    return [...cookies, ...entries];
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript" };

/** Serves the project's dashboard/ folder and the installed packages, below any prefix that begins with canary. */
export class Pages {
    /** A test's own files: type and content by path. */
    files = new Map();

    static async start() {
        const pages = new Pages();
        pages.server = http.createServer((request, response) => pages.serve(request, response));
        await new Promise((resolve) => pages.server.listen(0, "127.0.0.1", resolve).unref());
        pages.port = pages.server.address().port;
        return pages;
    }

    serve(request, response) {
        const { pathname, searchParams } = new URL(request.url, "http://pages");
        const wanted = pathname.replace(/^\/canary-[a-z]+/, "");
        // For a frame without an origin.
        response.setHeader("access-control-allow-origin", "*");
        // The policy of the dashboard's server.
        if (searchParams.has("policy")) response.setHeader("content-security-policy", searchParams.get("policy"));
        const file = wanted.startsWith("/node_modules/")
            ? path.join(MODULES, wanted.slice("/node_modules/".length))
            : path.join(DASHBOARD, wanted);
        if (wanted === "/referrer.html") {
            response.setHeader("content-type", "text/html");
            response.end('<meta name="referrer" content="unsafe-url"><a id="link">link</a>');
        } else if (this.files.has(wanted)) {
            const [type, content] = this.files.get(wanted);
            response.setHeader("content-type", type);
            response.end(content);
        } else if (fs.existsSync(file) && fs.statSync(file).isFile()) {
            response.setHeader("content-type", TYPES[path.extname(file)] ?? "text/plain");
            response.end(fs.readFileSync(file));
        } else {
            response.statusCode = 404;
            response.end();
        }
    }

    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
}
