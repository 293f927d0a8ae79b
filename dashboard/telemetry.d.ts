/** The form that a value of an event must have: one of the listed words, a finite number, or a truth value. */
export type Form = readonly string[] | "number" | "boolean";

/** The part of PostHog's client (the package posthog-js) that is used. */
export interface Client {
    init(key: string, options: object): unknown;
    register(properties: Record<string, unknown>): void;
    capture(event: string, properties?: Record<string, unknown> | null): unknown;
    /** Whether somebody has called `init` before. */
    readonly __loaded?: boolean;
}

export interface Options {
    /**
     * The agent's own address, for example `http://localhost:19999`, or `location.origin` where the agent serves the dashboard.
     * Not that of a child at its parent (`/host/NAME`): the parent does not know what the child has decided.
     */
    agent: string | URL;
    /**
     * A function that loads PostHog's client, which is called after the agent's yes; or the client, not yet started.
     * posthog-js tries the browser's storage as soon as it is loaded, so the function is better.
     */
    client: Client | (() => Client | Promise<Client>);
    /** The events of this dashboard, with the names and forms of their properties. All others are dropped. */
    events?: Readonly<Record<string, Readonly<Record<string, Form>>>>;
    /** Where events go: https, or http to this machine. Netdata's PostHog server by default. */
    destination?: string | URL;
    /** The public key of your own PostHog project. Netdata's by default. */
    key?: string;
}

export interface Status {
    /** `asking`: the agent has not answered yet; `on`: events are sent; `off`: nothing is sent any more from this page. */
    state: "asking" | "on" | "off";
    /** Why, in words. */
    why: string;
    destination?: string;
    /** Events that wait for the next batch. */
    waiting: number;
    /** Events that the destination has accepted. */
    sent: number;
    /**
     * Events that were dropped because the page closed, telemetry stopped or too many waited, and those that the destination has
     * not accepted, or does not let the browser say so (CORS). Nothing is tried twice.
     */
    lost: number;
    /** The last batch, byte for byte. */
    last: string | null;
}

export interface Telemetry {
    /** Settled when the agent has answered, or when it is known that nothing will be sent. */
    readonly ready: Promise<Status>;
    status(): Status;
    /** Stops at once, in other tabs of this dashboard too, and does not start here again. */
    optOutThisBrowser(): void;
    /** Takes that back, from the next page that is opened on. */
    optInThisBrowser(): void;
}

/** Asks the agent, and if it allows telemetry, starts the client with masked attributes. */
export function startTelemetry(options: Options): Telemetry;
