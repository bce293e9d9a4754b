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
        tests: &["tidings-client-native", "tidings-client-core"],
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
        uses: &["tidings-protocol", "tidings-client-core", "tidings-client-native"],
        tests: &[],
    },
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
    /// Modules that any other may use, and that use only each other.
    pub common: &'static [&'static str],
    /// All its other modules.
    pub modules: &'static [Module],
    /// Other crates that only some modules may name: the crate, and those modules.
    pub reserved: &'static [(&'static str, &'static [&'static str])],
}

/// The layered crates.
pub const LAYERS: &[Layer] = &[SERVER, WEB_UI];

const SERVER: Layer = Layer {
    source: "server/src",
    own_name: "tidings_server",
    common: &["error", "config", "limits", "metrics", "telemetry"],
    modules: &[
        Module { name: "main", uses: &["app"] },
        Module { name: "lib", uses: &["*"] },
        // The only place that composes.
        Module { name: "app", uses: &["*"] },
        Module { name: "http", uses: &["connection", "node", "auth", "codec"] },
        Module { name: "connection", uses: &["command", "codec"] },
        Module { name: "command", uses: &["node", "auth"] },
        Module { name: "node", uses: &["hub", "store", "broker"] },
        Module { name: "fanout", uses: &["broker", "hub"] },
        Module { name: "hub", uses: &[] },
        Module { name: "codec", uses: &[] },
        Module { name: "auth", uses: &[] },
        Module { name: "store", uses: &[] },
        Module { name: "broker", uses: &[] },
    ],
    reserved: &[],
};

const WEB_UI: Layer = Layer {
    source: "web-ui/src",
    own_name: "tidings_web_ui",
    common: &[],
    modules: &[
        Module { name: "main", uses: &["*"] },
        Module { name: "lib", uses: &["*"] },
        // The only one that knows the client.
        Module { name: "realtime", uses: &["state"] },
        // Pure reducers: they run in native tests.
        Module { name: "state", uses: &[] },
        Module { name: "components", uses: &["state", "realtime"] },
    ],
    reserved: &[("tidings_client", &["realtime"])],
};
