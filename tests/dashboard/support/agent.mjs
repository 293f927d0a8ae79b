// The real Netdata daemon on loopback with its own folders, and servers that impersonate one.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";

import { PROGRAMS, until } from "./modules.mjs";
import { Receiver } from "./receiver.mjs";

const DAEMON = "/usr/sbin/netdata";
const WEB = "/usr/share/netdata/web";
/** The agent's host name, which must not get out. */
export const HOST = "canary-agent.example.org";

/** The answer of an agent that allows telemetry. */
export const GUID = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";
export const YES = { machine_guid: GUID, anonymous_statistics: true };

export class Agent {
    /** For the daemon's own events, posted by this project's sender. */
    receiver;

    /** Starts a daemon, optionally with additional environment variables, the opt-out file or a given port. */
    static async start({ variables = {}, optedOut = false, port } = {}) {
        const agent = new Agent();
        agent.variables = variables;
        agent.folder = fs.mkdtempSync(path.join(os.tmpdir(), "agent-"));
        fs.chmodSync(agent.folder, 0o755);
        agent.port = port ?? (await freePort());
        agent.url = `http://127.0.0.1:${agent.port}`;
        agent.receiver = await Receiver.start();
        agent.configure();
        if (optedOut) agent.optOut();
        await agent.run();
        return agent;
    }

    path(name) {
        return path.join(this.folder, name);
    }

    configure() {
        const folders = ["config", "cache", "lib", "log", "lock", "plugins.d"];
        for (const name of folders) fs.mkdirSync(this.path(name));
        // Without a telemetry script agent 1.37.1 tells its dashboard that anonymous_statistics is false. Ours has a
        // separate receiver, so that both channels can be observed.
        for (const name of ["system-info", "anonymous-statistics"]) {
            fs.symlinkSync(path.join(PROGRAMS, name), this.path(`plugins.d/${name}.sh`));
        }
        fs.writeFileSync(this.path("config/anonymous-statistics.toml"), `url = "${this.receiver.url}/capture/"\n`, { mode: 0o644 });
        let user = os.userInfo().username;
        if (process.getuid() === 0) {
            user = "netdata";
            execFileSync("chown", ["-R", "netdata:netdata", ...["cache", "lib", "log", "lock"].map((name) => this.path(name))]);
        }
        fs.writeFileSync(
            this.path("netdata.conf"),
            `[global]
    run as user = ${user}
    hostname = ${HOST}
[directories]
    config = ${this.path("config")}
    plugins = "${this.path("plugins.d")}"
    cache = ${this.path("cache")}
    lib = ${this.path("lib")}
    log = ${this.path("log")}
    lock = ${this.path("lock")}
    web = ${WEB}
[db]
    mode = ram
[ml]
    enabled = no
[health]
    enabled = no
[web]
    default port = ${this.port}
    bind to = 127.0.0.1
    web files owner = root
    web files group = root
[plugins]
    enable running new plugins = no
    proc = yes
    diskspace = no
    cgroups = no
    tc = no
    idlejitter = no
    timex = no
    statsd = no
`,
        );
    }

    /** Changes the host name from the next start on. */
    rename(name) {
        const file = this.path("netdata.conf");
        fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(HOST, name));
    }

    async run() {
        const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...this.variables };
        this.child = spawn(DAEMON, ["-D", "-c", this.path("netdata.conf")], { env, stdio: "ignore" });
        this.ended = new Promise((resolve) => this.child.once("exit", resolve));
        if (!(await until(() => this.answers()))) {
            throw new Error(`the daemon does not answer:\n${this.log()}`);
        }
    }

    /** Whether it answers, and fast: while it starts on a busy machine it may be slower than a page's patience. */
    async answers() {
        const before = Date.now();
        return this.hello().then(() => Date.now() - before < 500, () => false);
    }

    log() {
        return fs.existsSync(this.path("log/error.log")) ? fs.readFileSync(this.path("log/error.log"), "utf8") : "no log";
    }

    async hello() {
        const response = await fetch(`${this.url}/api/v1/registry?action=hello`);
        return response.json();
    }

    /** Opts out like a user, with the project's own command. */
    optOut() {
        const folders = ["--config-dir", this.path("config"), "--lib-dir", this.path("lib")];
        return execFileSync(path.join(PROGRAMS, "telemetry-preview"), ["opt-out", ...folders], { encoding: "utf8", env: {} });
    }

    /** Kills the daemon; the tests do not need what it would save. */
    async end() {
        this.child.kill("SIGKILL");
        await this.ended;
    }

    async restart() {
        await this.end();
        await this.run();
    }

    async close() {
        await this.end();
        this.receiver.close();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

/** A server in place of an agent; `answer` writes the response. */
export class Impostor {
    asked = 0;

    static async start(answer) {
        const impostor = new Impostor();
        impostor.answer = answer;
        impostor.server = http.createServer((request, response) => {
            impostor.asked++;
            response.setHeader("access-control-allow-origin", "*");
            impostor.answer(response, request);
        });
        await new Promise((resolve) => impostor.server.listen(0, "127.0.0.1", resolve).unref());
        impostor.url = `http://127.0.0.1:${impostor.server.address().port}`;
        return impostor;
    }

    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

export async function freePort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
