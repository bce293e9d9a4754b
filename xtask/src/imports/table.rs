//! What may use what. An arrow that is not here is a mistake or a decision; a decision changes this
//! table in the same commit and says why.

/// What one crate may depend on among the workspace's own.
#[derive(Debug)]
pub struct Crate {
    /// Its folder.
    pub folder: &'static str,
    /// Its package name.
    pub package: &'static str,
    /// What it may depend on.
    pub uses: &'static [&'static str],
    /// What its tests may depend on besides.
    pub tests: &'static [&'static str],
}

/// The crates, from the contract upwards.
pub const CRATES: &[Crate] = &[
    Crate { folder: "shared-protocol", package: "tidings-protocol", uses: &[], tests: &[] },
    Crate { folder: "client-core", package: "tidings-client-core", uses: &["tidings-protocol"], tests: &[] },
    Crate {
        folder: "client-native",
        package: "tidings-client-native",
        uses: &["tidings-protocol", "tidings-client-core"],
        tests: &[],
    },
    Crate {
        folder: "client-wasm",
        package: "tidings-client",
        uses: &["tidings-protocol", "tidings-client-core"],
        tests: &[],
    },
    Crate {
        folder: "server",
        package: "tidings-server",
        uses: &["tidings-protocol"],
        tests: &["tidings-client-native", "tidings-client-core", "tidings-testbed"],
    },
    Crate {
        folder: "web-ui",
        package: "tidings-web-ui",
        uses: &["tidings-protocol", "tidings-client"],
        tests: &[],
    },
    Crate {
        folder: "loadgen",
        package: "tidings-loadgen",
        uses: &["tidings-protocol", "tidings-client-core", "tidings-client-native", "tidings-testbed"],
        tests: &[],
    },
    // Real services for tests: it knows nothing of what is tested.
    Crate { folder: "testbed", package: "tidings-testbed", uses: &[], tests: &[] },
    Crate { folder: "xtask", package: "tidings-xtask", uses: &[], tests: &[] },
];

/// What one top-level module of a layered crate may use.
#[derive(Debug)]
pub struct Module {
    /// Its name; `lib` and `main` are the crate's root files.
    pub name: &'static str,
    /// The modules it may use; `*` stands for all.
    pub uses: &'static [&'static str],
}

/// A crate whose modules are layered.
#[derive(Debug)]
pub struct Layer {
    /// The folder of its sources.
    pub source: &'static str,
    /// Its own name, as its binary writes it.
    pub own_name: &'static str,
    /// Modules that any other may use, and that use only each other unless they have a row too.
    pub common: &'static [&'static str],
    /// The rows of its modules.
    pub modules: &'static [Module],
    /// Other crates that only some modules may name: the crate, and those modules.
    pub reserved: &'static [(&'static str, &'static [&'static str])],
}

/// The layered crates.
pub const LAYERS: &[Layer] = &[CORE, SERVER, WEB_UI];

/// Each concern of the session is a module that knows no other; only `session` knows them all.
const CORE: Layer = Layer {
    source: "client-core/src",
    own_name: "tidings_client_core",
    common: &["command", "config", "frame", "input", "json", "output", "rng", "time", "transport"],
    modules: &[
        Module { name: "lib", uses: &["*"] },
        Module { name: "session", uses: &["*"] },
        Module { name: "backoff", uses: &[] },
        Module { name: "cursors", uses: &[] },
        Module { name: "heartbeat", uses: &[] },
        Module { name: "held", uses: &[] },
        Module { name: "ladder", uses: &[] },
        Module { name: "markers", uses: &[] },
        Module { name: "outbox", uses: &[] },
        Module { name: "pacing", uses: &[] },
        Module { name: "queue", uses: &[] },
        Module { name: "query", uses: &[] },
        Module { name: "said", uses: &[] },
        // Below the session, and between the two what several of them share.
        Module { name: "relay", uses: &["held", "markers", "outbox", "queue", "said", "sse"] },
        Module { name: "share", uses: &["held", "outbox", "pacing", "queue", "said"] },
        Module { name: "sse", uses: &[] },
        Module { name: "subscriptions", uses: &[] },
        Module { name: "timers", uses: &[] },
        Module { name: "token", uses: &[] },
    ],
    reserved: &[],
};

/// From the sockets down to the log.
const SERVER: Layer = Layer {
    source: "server/src",
    own_name: "tidings_server",
    common: &[
        "clock",
        "config",
        "drain",
        "error",
        "guarded",
        "lend",
        "limits",
        "metrics",
        "origin",
        "random",
        "telemetry",
        "wake",
        "wire",
    ],
    modules: &[
        Module { name: "main", uses: &["app", "cli"] },
        Module { name: "lib", uses: &["*"] },
        // The only place that composes.
        Module { name: "app", uses: &["*"] },
        Module { name: "accept", uses: &[] },
        // Its fallback transports carry single commands, and its stream of notifications has no session.
        Module {
            name: "http",
            uses: &["connection", "command", "node", "auth", "frames", "hub", "outbox", "store"],
        },
        Module { name: "connection", uses: &["command", "node", "auth", "hub", "frames", "outbox", "store"] },
        // A command acts on the session of the connection that it came by.
        Module { name: "command", uses: &["connection", "node", "auth", "frames", "store"] },
        // The only place that says "store, then broker".
        Module {
            name: "node",
            uses: &[
                "auth",
                "broker",
                "fanout",
                "frames",
                "hub",
                "outbox",
                "presence",
                "revocation",
                "store",
                "typing",
            ],
        },
        // It reads the log where the broker's stream jumps.
        Module { name: "fanout", uses: &["broker", "frames", "hub", "revocation", "store"] },
        Module { name: "hub", uses: &["broker", "frames", "outbox"] },
        Module { name: "frames", uses: &["store"] },
        Module { name: "outbox", uses: &["store"] },
        Module { name: "presence", uses: &[] },
        Module { name: "revocation", uses: &["store"] },
        Module { name: "typing", uses: &[] },
        Module { name: "auth", uses: &["cli", "revocation", "store"] },
        // A trait each; a driver knows its trait alone.
        Module { name: "store", uses: &[] },
        Module { name: "broker", uses: &[] },
        Module { name: "cli", uses: &[] },
        // Keys are checked before any socket is bound.
        Module { name: "config", uses: &["cli", "auth"] },
        // The one place that maps what went wrong, the store's refusals too.
        Module { name: "error", uses: &["store"] },
    ],
    reserved: &[
        ("governor", &["limits"]),
        ("jsonwebtoken", &["auth"]),
        ("prometheus_client", &["metrics"]),
        ("redis", &["broker"]),
        ("sqlx", &["store"]),
    ],
};

/// Pure state, components that draw it, and one module that knows the client.
const WEB_UI: Layer = Layer {
    source: "web-ui/src",
    own_name: "tidings_web_ui",
    common: &[],
    modules: &[
        Module { name: "main", uses: &["*"] },
        Module { name: "lib", uses: &["*"] },
        Module { name: "realtime", uses: &["state"] },
        Module { name: "state", uses: &[] },
        Module { name: "components", uses: &["state", "realtime"] },
    ],
    reserved: &[("tidings_client", &["realtime"])],
};
