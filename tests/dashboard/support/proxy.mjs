// nginx as a reverse proxy for an agent.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { freePort } from "./agent.mjs";
import { until } from "./modules.mjs";

export class Proxy {
    /** @param locations in nginx's syntax. */
    static async start(locations) {
        const proxy = new Proxy();
        proxy.folder = fs.mkdtempSync(path.join(os.tmpdir(), "proxy-"));
        proxy.port = await freePort();
        const file = (name) => path.join(proxy.folder, name);
        const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path "${file(name)}";`);
        fs.writeFileSync(file("password"), "person:{PLAIN}secret\n");
        fs.writeFileSync(
            file("nginx.conf"),
            `${process.getuid() === 0 ? "user root;" : ""}
            daemon off; pid "${file("pid")}"; error_log "${file("log")}";
            events {}
            http {
                access_log off; ${folders.join(" ")}
                server { listen 127.0.0.1:${proxy.port}; ${locations} }
            }`,
        );
        proxy.child = spawn("/usr/sbin/nginx", ["-c", file("nginx.conf"), "-e", file("log")], { stdio: "ignore" });
        proxy.ended = new Promise((resolve) => proxy.child.once("exit", resolve));
        const answers = () => fetch(`http://127.0.0.1:${proxy.port}/`).then(() => true, () => false);
        if (!(await until(answers))) throw new Error(`nginx does not answer: ${fs.readFileSync(file("log"), "utf8")}`);
        return proxy;
    }

    async close() {
        this.child.kill("SIGTERM");
        await this.ended;
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}
