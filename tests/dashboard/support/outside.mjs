// All outside hosts on one port of loopback, with and without TLS: it keeps their requests, and serves the real
// posthog-js at the path for the agent's dashboard.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";

import { MODULES } from "./modules.mjs";
import { Receiver } from "./receiver.mjs";

const TLS_HANDSHAKE = 0x16;

export class Outside extends Receiver {
    static async start() {
        const outside = new Outside();
        const serve = (request, response) => outside.serve(request, response);
        const servers = [http.createServer(serve), https.createServer(certificate(), serve)];
        outside.server = net.createServer((socket) => {
            socket.on("error", () => {});
            socket.once("data", (first) => {
                socket.pause();
                socket.unshift(first);
                servers[first[0] === TLS_HANDSHAKE ? 1 : 0].emit("connection", socket);
                process.nextTick(() => socket.resume());
            });
        });
        servers[1].on("tlsClientError", () => {});
        await new Promise((resolve) => outside.server.listen(0, "127.0.0.1", resolve).unref());
        outside.port = outside.server.address().port;
        outside.servers = servers;
        return outside;
    }

    serve(request, response) {
        const { pathname } = new URL(request.url, "http://outside");
        response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
        response.setHeader("access-control-allow-credentials", "true");
        response.setHeader("access-control-allow-headers", "*, cache-control, pragma, content-type");
        if (request.method === "OPTIONS") {
            this.keep(request, Buffer.alloc(0));
            response.end();
        } else if (pathname === "/static/array.js") {
            this.keep(request, Buffer.alloc(0));
            response.setHeader("content-type", "text/javascript");
            response.end(fs.readFileSync(path.join(MODULES, "posthog-js/dist/array.js")));
        } else {
            super.serve(request, response);
        }
    }

    to(host) {
        return this.requests.filter(({ headers }) => headers.host === host);
    }

    close() {
        this.servers.forEach((server) => server.closeAllConnections());
        this.server.close();
    }
}

function certificate() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outside-"));
    const [key, cert] = ["key", "cert"].map((name) => path.join(folder, name));
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=outside", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const certificate = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
    fs.rmSync(folder, { recursive: true });
    return certificate;
}
