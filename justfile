# Every recipe of the workspace; `./x` lists them. Called through `./x`, which brings `just` along.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments := true

root := justfile_directory()
bin := root / ".cache/bin"
target := env("CARGO_TARGET_DIR", root / "target")
setup := root / "xtask/setup.sh"
xtask := bin / "tidings-xtask"
server := target / "debug/tidings-server"

# The build tool is a crate of the workspace with a profile and a build of its own.
others := "--workspace --exclude tidings-xtask"
wasm := "--target wasm32-unknown-unknown"

export PATH := bin + ":" + env("PATH")
export CARGO_TERM_COLOR := env("CARGO_TERM_COLOR", "auto")
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER := bin / "wasm-bindgen-test-runner"

_default:
    @{{ root }}/x

# Build what changed and start a server with the app on http://127.0.0.1:8080 (4 min the first time); options go to the server
[group('use')]
up *options: app
    #!/usr/bin/env bash
    set -euo pipefail
    echo "up: building the server (about 2 min the first time)"
    cargo build --package tidings-server
    mkdir -p data
    exec "{{ server }}" serve --dev --database-url "sqlite://{{ root }}/data/tidings.db" "$@"

# Build the web app into web-ui/dist (about 1 min the first time)
[group('use')]
app *options: _wasm-tools
    {{ xtask }} app "$@"

_wasm-tools:
    @{{ setup }} rust xtask wasm_opt
