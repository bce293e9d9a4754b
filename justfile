# Every recipe of the workspace; `./x` lists them. Called through `./x`, which brings `just` along.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments := true

root := justfile_directory()
bin := root / ".cache/bin"
target := env("CARGO_TARGET_DIR", root / "target")
setup := root / "xtask/setup.sh"
xtask := bin / "tidings-xtask"
server := target / "debug/tidings-server"
npm_package := root / "client-wasm/npm"
data := root / "data"
secret := data / "jwt-secret"

# All crates but the build tool, which has a profile and so a build of its own.
crates := "--workspace --exclude tidings-xtask"
build_tool := "--package tidings-xtask --profile xtask"
wasm := "--target wasm32-unknown-unknown"
types := "--package tidings-protocol --features ts --example typescript"

export JUST := just_executable()
export PATH := bin + ":" + env("PATH")
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER := bin / "wasm-bindgen-test-runner"

_default:
    @{{ root }}/x

# Build what changed and start a server with the app (about 4 min the first time); options go to the server
[group('run')]
up *options: app
    #!/usr/bin/env bash
    set -euo pipefail
    echo "up: building the server (about 2 min the first time)"
    cargo build --package tidings-server
    mkdir -p "{{ data }}"
    # One secret for all starts: who is signed in stays so, and `demo` can make a token.
    [ -s "{{ secret }}" ] || (umask 077 && head -c 32 /dev/urandom | base64 >"{{ secret }}")
    export TIDINGS_JWT_SECRET="${TIDINGS_JWT_SECRET:-$(cat "{{ secret }}")}"
    exec "{{ server }}" serve --dev --database-url "sqlite://{{ data }}/tidings.db" "$@"

# Fill the running server of `up` with rooms, people, history and notifications (about 1 min the first time)
[group('run')]
demo *options:
    #!/usr/bin/env bash
    set -euo pipefail
    [ -s "{{ secret }}" ] || { echo "demo: start a server first, in another terminal: ./x up" >&2; exit 1; }
    export TIDINGS_JWT_SECRET="${TIDINGS_JWT_SECRET:-$(cat "{{ secret }}")}"
    TIDINGS_NOTIFY_TOKEN=$("{{ server }}" token --sub tidings-demo --scope notify)
    export TIDINGS_NOTIFY_TOKEN
    cargo run --quiet --package tidings-loadgen -- demo "$@"

# Start three nodes behind nginx, on a PostgreSQL and a Redis of their own, until Ctrl-C; `./x demo --live` fills them (about 4 min the first time)
[group('run')]
cluster *options: app
    #!/usr/bin/env bash
    set -euo pipefail
    "{{ setup }}" services
    cargo build --package tidings-server --package tidings-loadgen
    mkdir -p "{{ data }}"
    [ -s "{{ secret }}" ] || (umask 077 && head -c 32 /dev/urandom | base64 >"{{ secret }}")
    export TIDINGS_JWT_SECRET="${TIDINGS_JWT_SECRET:-$(cat "{{ secret }}")}"
    exec "{{ target }}/debug/tidings-loadgen" cluster "$@"

# Build the web app into web-ui/dist (about 2 min the first time); --dev skips the optimiser
[group('build')]
app *options: _wasm-tools
    @{{ xtask }} app "$@"

# Build the npm package and its tarball, and hold them to their size budget (about 1 min the first time)
[group('build')]
sdk: _wasm-tools _sdk
    @{{ xtask }} sdk-core
    @echo "sdk: the typed face"
    cd {{ npm_package }} && npm run --silent build && npm run --silent lint:package
    cd {{ npm_package }} && rm -f *.tgz && npm pack --silent
    @{{ xtask }} size sdk

# Build the wasm crate with wasm-pack, as a page without npm uses it (about 1 min the first time)
[group('build')]
pkg: _wasm-tools
    @{{ setup }} wasm_pack
    wasm-pack build client-wasm --target web --mode no-install --profile wasm-release

# Build the release server with the app inside (about 4 min the first time)
[group('build')]
release: app
    cargo build --release --package tidings-server
    @echo "release: {{ target }}/release/tidings-server"

# Measure what connections, deliveries and ACKs cost a release server (about 8 min the first time); `./x bench --only postgres` measures ACKs on PostgreSQL
[group('measure')]
bench *options:
    @{{ setup }} rust services
    cargo build --release --package tidings-server --package tidings-loadgen
    ulimit -n "$(ulimit -Hn)" && {{ target }}/release/tidings-loadgen bench "$@"

# Break a server and its connections while people write, and compare what they were told with what it kept: all runs, or `./x chaos kill,retry`
[group('measure')]
chaos *options:
    @{{ setup }} rust strace faketime services
    cargo build --release --package tidings-server --package tidings-loadgen
    ulimit -n "$(ulimit -Hn)" && {{ target }}/release/tidings-loadgen chaos "$@"

# Feed the parsers of both ends what nobody would write: ten minutes for each target, or `./x fuzz 60` seconds, or `./x fuzz 60 server_frame` that one (one core builds the server for it in about 16 min the first time)
[group('measure')]
fuzz seconds="600" *targets:
    #!/usr/bin/env bash
    set -euo pipefail
    {{ setup }} rust fuzzer
    targets="{{ targets }}"
    for name in ${targets:-$(basename --suffix=.rs --multiple fuzz/fuzz_targets/*.rs)}; do
        mkdir -p "fuzz/corpus/$name"
        # The sanitizer's flags are not stable ones; the compiler stays the pinned one. The threads of a store look like a
        # leak after every run, and to look for one takes a hundred times as long as a run.
        RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir fuzz "$name" "fuzz/corpus/$name" "fuzz/seeds/$name" -- -detect_leaks=0 -max_total_time={{ seconds }}
    done

# Let clients live against a model of the server while everything fails: twice 10^6 steps, or `./x model 100` lives of 1,000 (about 3 min)
[group('measure')]
model lives="1000":
    @{{ setup }} rust
    TIDINGS_MODEL_RUNS={{ lives }} cargo test --quiet --profile model --package tidings-client-core --test scenarios model::promises_hold -- --nocapture

# The long forms of what CI tries in short ones: model, simulation, batches on PostgreSQL, fuzzing, and all fault runs (hours: fuzzing alone takes an hour and a half)
[group('measure')]
nightly: (model "1000") (simulate "50000") postgres-order fuzz chaos

# Hold the server's WebSocket against a suite of 301 cases from outside (about 2 min once all is built)
[group('test')]
conformance: _server-with-tests
    @{{ setup }} cargo_tools conformance_suite
    TIDINGS_CONFORMANCE_SUITE="{{ bin }}/kosoku" cargo nextest run {{ crates }} --run-ignored only --no-capture conformance::the_suite

# Break a node, Redis, PostgreSQL and nginx of a cluster in turn, all nodes at once under a crowd, and as root the network between machines, while people write on all transports, and compare
[group('measure')]
chaos-cluster *options:
    @{{ setup }} rust services
    cargo build --release --package tidings-server --package tidings-loadgen
    ulimit -n "$(ulimit -Hn)" && {{ target }}/release/tidings-loadgen chaos cluster,storm,partition "$@"

# Live so many lives of a cluster in one process, on a virtual clock and network (10,000 take about 20 min); from a fresh seed on or TIDINGS_SIM_FROM; TIDINGS_SIM_SEED=7 lives that one again, aloud
[group('measure')]
simulate lives="10000":
    @{{ setup }} rust
    TIDINGS_SIM_LIVES={{ lives }} cargo test --quiet --package tidings-server --test it -- --nocapture whatever_is_broken

# Let 16 nodes write 800 messages in each batch into one room while one reads on from the last seq that it has seen: 100,000 of them, or `./x postgres-order 24` batches (about 30 s after the build)
[group('measure')]
postgres-order batches="125":
    @{{ setup }} rust cargo_tools services
    TIDINGS_TEST_BATCHES={{ batches }} cargo nextest run --package tidings-server who_reads_on_from_the_last_seq

# Start nodes of an older commit, replace one after the other by this one while people write, and compare (about 6 min after both builds)
[group('measure')]
upgrade-check rev:
    #!/usr/bin/env bash
    set -euo pipefail
    "{{ setup }}" rust services
    before=$("{{ root }}/xtask/older.sh" "{{ rev }}")
    cargo build --package tidings-server --package tidings-loadgen
    "{{ target }}/debug/tidings-loadgen" chaos upgrade --before "$before"

# Run every check and every test, as CI does (about 25 min once all is built)
[group('test')]
test:
    @{{ root }}/xtask/steps.sh check test-native conformance test-faults test-wasm test-browser test-e2e

# Format, lints, documentation, dependencies, imports, types, sizes, the package and deploy/ (about 3 min once all is built)
[group('test')]
check: fmt-check lint docs deny import-rule types settings sizes package deploy-check

# Say which files are not formatted
[group('check')]
fmt-check: _rust
    cargo fmt --all --check

# Clippy for the machine and for wasm, with warnings as errors, and TypeScript's own check of the browser tests
[group('check')]
lint: _rust _e2e
    cargo clippy {{ crates }} --all-targets -- --deny warnings
    cargo clippy --package tidings-server --features otel -- --deny warnings
    cargo clippy {{ build_tool }} --all-targets -- --deny warnings
    cargo clippy {{ wasm }} --package tidings-client-core --package tidings-client --all-targets --all-features -- --deny warnings
    # As it goes into the npm package: without the standard library.
    cargo clippy {{ wasm }} --package tidings-client --lib --no-default-features --features lean -- --deny warnings
    cargo clippy {{ wasm }} --package tidings-web-ui --all-targets -- --deny warnings
    npm run --silent --prefix e2e types

# Rustdoc, with warnings as errors
[group('check')]
docs: _rust
    RUSTDOCFLAGS="--deny warnings" cargo doc --quiet {{ crates }} --no-deps --document-private-items

# Licences, bans and sources of all dependencies, and whether Cargo.lock names them all
[group('check')]
deny:
    @{{ setup }} rust cargo_tools
    cargo deny --locked --log-level error check --hide-inclusion-graph bans licenses sources

# Known weaknesses of all dependencies, by the RustSec database (needs GitHub; note the result in docs/security.md)
[group('check')]
audit:
    @{{ setup }} rust cargo_tools
    cargo deny --locked --log-level error check --hide-inclusion-graph advisories

# What the server is built from, as CycloneDX: target/sbom/tidings-server.cdx.json
[group('work')]
sbom:
    @python3 {{ root }}/xtask/sbom.py {{ target }}/sbom/tidings-server.cdx.json

# Which crate and which module may use which
[group('check')]
import-rule: _xtask
    @{{ xtask }} import-rule

# Whether the generated TypeScript types are those of the protocol
[group('check')]
types: _rust
    cargo run --quiet {{ types }} -- --check

# Whether docs/configuration.md says what the settings are
[group('check')]
settings: _configuration
    {{ target }}/debug/examples/configuration --check

# Size budgets of the app and the npm package
[group('check')]
sizes: app sdk
    @{{ xtask }} size

# Whether the packed npm package loads as its manifest says, in every way it can be imported
[group('check')]
package: sdk
    cd {{ npm_package }} && npm run --silent lint:package

# The files of deploy/: nginx's and Prometheus' own checks, schemas of compose and Kubernetes, linters (about 10 s)
[group('check')]
deploy-check:
    @{{ setup }} cargo_tools services deploy_tools
    promtool check config deploy/prometheus/prometheus.yml
    promtool test rules deploy/prometheus/alerts.test.yml
    check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
    kubernetes-validate --quiet deploy/kubernetes/*.yaml
    # Versions of Debian's packages are those of the image's date.
    hadolint --ignore DL3008 deploy/Dockerfile
    @{{ root }}/xtask/unit-check.sh deploy/systemd/tidings.service
    cargo nextest run --package tidings-testbed takes_both_forms

# What a small collector gets from a server that was built with the feature `otel` (about 1 min once all else is built)
[group('test')]
otel-check:
    @{{ setup }} rust cargo_tools
    # With the features that all crates together ask for: what they share is there already.
    cargo nextest run {{ crates }} --features tidings-server/otel --test it --filterset 'package(tidings-server) and test(/^otlp::/)'

# Native tests, documentation examples included, and `otel-check` (about 8 min once all is built)
[group('test')]
test-native: _server-with-tests && otel-check
    #!/usr/bin/env bash
    set -euo pipefail
    "{{ setup }}" cargo_tools services
    cargo test --quiet {{ crates }} --doc
    tests="all()"
    if ! unshare --mount true 2>/dev/null; then
        tests="not test(/::mounted::/)"
        echo "test-native: this user may not mount a disk, so the tests that fill one are skipped; as root they run"
    fi
    # One PostgreSQL for all: every test is a process, and makes a database of its own in it.
    cargo run --quiet --package tidings-testbed -- postgres -- cargo nextest run {{ crates }} -E "$tests"
    cargo nextest run --package tidings-xtask --cargo-profile xtask

# Fault runs in their short form: real clients, the real server, and a proxy that breaks what is between them (about 5 min once all is built)
[group('test')]
test-faults: _server-with-tests
    @{{ setup }} strace services
    cargo build --quiet --package tidings-server --package tidings-loadgen
    ulimit -n "$(ulimit -Hn)" && {{ target }}/debug/tidings-loadgen chaos kill,retry,order,resume,restore,replay,sync,power,sse,fallback,network,noise,jitter,slow,avalanche,drain,cluster,storm --form short

# The client core's tests once more, in wasm
[group('test')]
test-wasm: _wasm-tools
    cargo test {{ wasm }} --package tidings-client-core --tests

# The wasm client's tests in headless Chromium, against a real server
[group('test')]
test-browser: _wasm-tools _server-with-tests
    @{{ setup }} wasm_pack browser
    WASM_BINDGEN_TEST_TIMEOUT=180 node e2e/support/control.js wasm-pack test --headless --chrome --mode no-install client-wasm --lib --test browser

# Whole-system tests in Chromium by Playwright; options go to it (about 8 min once all is built)
[group('test')]
test-e2e *options: app sdk pkg _server-with-tests _e2e
    @{{ setup }} browser
    cd e2e && npx playwright test "$@"

# Format every Rust file
[group('work')]
fmt: _rust
    cargo fmt --all

# Write the TypeScript types of the protocol anew
[group('work')]
protocol-types: _rust
    cargo run --quiet {{ types }}

# Write docs/configuration.md anew, from the settings
[group('work')]
configuration: _configuration
    {{ target }}/debug/examples/configuration

# Throw away everything that was built or installed here, but not data/
[group('work')]
clean:
    cargo clean
    rm -rf fuzz/{target,corpus,artifacts}
    rm -rf .cache web-ui/dist client-wasm/pkg client-wasm/npm/dist client-wasm/npm/*.tgz e2e/test-results {xtask,e2e,client-wasm/npm}/node_modules

# Install all that the recipes need; each of them also does so by itself
[group('work')]
setup:
    @{{ setup }} rust node xtask wasm_opt cargo_tools services deploy_tools strace faketime wasm_pack browser e2e sdk fuzzer conformance_suite
    @echo "setup: all there"

_rust:
    @{{ setup }} rust

# With the features that the tests are built with, so that nothing is built twice.
_configuration: _rust
    cargo build --quiet {{ crates }} --example configuration

_xtask:
    @{{ setup }} xtask

_wasm-tools:
    @{{ setup }} rust xtask wasm_opt

_e2e:
    @{{ setup }} e2e

_sdk:
    @{{ setup }} sdk

# The debug server, built along with the tests so that it is built once.
_server-with-tests:
    @{{ setup }} rust
    @echo "building the server and the native tests (about 4 min the first time)"
    cargo test --quiet {{ crates }} --no-run
