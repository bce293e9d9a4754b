//! The command line: what it says, what it refuses, and which word wins.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::logs::held;
use crate::support::{SECRET, TestServer, client};

fn run(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings-server"));
    command.args(args).env_clear().envs(variables.iter().copied()).current_dir(&folder);
    let output = command.output().unwrap();
    held(text(&output.stderr).to_owned());
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn the_token_command_says_the_token_and_nothing_else() {
    let made = run(
        &["token", "--sub", "ann", "--scope", "notify admin", "--ttl", "1h", "--name", "Ann"],
        &[("TIDINGS_JWT_SECRET", SECRET)],
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let out = text(&made.stdout);
    let token = out.strip_suffix('\n').unwrap();
    assert!(token.split('.').count() == 3 && !token.contains(char::is_whitespace), "{out:?}");
    assert_eq!(text(&made.stderr), "");

    let server = TestServer::start_strict(&[]).await;
    server.open(&format!("?token={token}"), &[]).await.expect("the server takes it");
    let answer = client().post(server.url("/api/v1/auth/ticket")).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let payload = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert!(claims["exp"].is_u64(), "whole seconds");
    assert_eq!(
        (&claims["sub"], &claims["scope"], &claims["name"]),
        (&"ann".into(), &"notify admin".into(), &"Ann".into())
    );
}

#[test]
fn a_token_needs_a_secret_that_does() {
    for (args, says) in [
        (vec!["token", "--sub", "ann"], "TIDINGS_JWT_SECRET"),
        (vec!["token", "--sub", "ann", "--jwt-secret", "short"], "at least 32"),
        (vec!["token", "--sub", "a b", "--jwt-secret", SECRET], "whitespace"),
        (vec!["token", "--sub", "ann", "--jwt-secret", SECRET, "--ttl", "1 fortnight"], "10s"),
    ] {
        let refused = run(&args, &[]);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(text(&refused.stderr).contains(says), "{args:?}: {}", text(&refused.stderr));
        assert_eq!(text(&refused.stdout), "", "{args:?}");
    }
}

#[test]
fn what_is_not_safe_does_not_start_and_says_why_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let open_db = file(folder.path(), "open.db", "", 0o644);
    let open_db = format!("sqlite://{open_db}");
    let open_config = file(folder.path(), "open.toml", &format!("jwt_secret = \"{SECRET}\""), 0o644);
    let unknown = file(folder.path(), "unknown.toml", "lisen = \"127.0.0.1:1\"", 0o600);
    let not_toml = file(folder.path(), "not.toml", "= =", 0o600);
    let wrong_kind = file(folder.path(), "kind.toml", "listen = 1.5", 0o600);
    let jwks = file(folder.path(), "keys.json", "{}", 0o644);
    let good = ["--jwt-secret", SECRET];
    let and = |more: &[&'static str]| [&good[..], more].concat();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec![], "no key to check tokens with"),
        (vec!["--jwt-secret", "0123456789012345678901234567890"], "it needs at least 32"),
        (vec!["--jwt-secret", "a-string-secret-at-least-256-bits-long"], "example that everybody knows"),
        (vec!["--ticket-secret", "short", "--dev"], "--ticket-secret has 5 bytes"),
        (vec!["--jwks-file", "/nowhere/keys.json"], "/nowhere/keys.json"),
        (vec!["--jwks-file", &jwks], "is no JWKS"),
        (vec!["--jwks-url", "http://id.example.com/keys"], "must be https://"),
        (vec!["--jwks-url", "http://127.0.0.1:1/keys"], "cannot be fetched"),
        (vec!["--jwt-secret", SECRET, "--jwks-file", &jwks], "exclude each other"),
        (vec!["--dev", "--listen", "0.0.0.0:0"], "must be a loopback address"),
        (vec!["--dev", "--listen", "[::]:0"], "must be a loopback address"),
        (and(&["--allowed-origins", "*"]), "every page of the web"),
        (and(&["--allowed-origins", "https://a.example,https://*.example"]), "every page of the web"),
        (and(&["--allowed-origins", "chat.example.com"]), "write an origin such as"),
        (and(&["--trusted-proxies", "everyone"]), "write a network"),
        (and(&["--jwt-leeway", "10m"]), "at most 5m"),
        (and(&["--redis-sessions"]), "--redis-url"),
        (and(&["--heartbeat", "0s"]), "longer than nothing"),
        (and(&["--heartbeat", "25"]), "a number and a unit"),
        (and(&["--max-connections", "0"]), "max-connections"),
        (and(&["--database-url", "mysql://localhost/tidings"]), "sqlite://FILE or postgres://"),
        (and(&["--redis-url", "redis+cluster://localhost"]), "Redis Cluster"),
        (vec!["--jwt-secret", SECRET, "--database-url", &open_db], "chmod 600"),
        (vec!["--config", &open_config], "chmod 600"),
        (vec!["--dev", "--config", &unknown], "\"lisen\" is no setting"),
        (vec!["--dev", "--config", &not_toml], "is not valid TOML"),
        (vec!["--dev", "--config", &wrong_kind], "\"listen\" must be a text"),
        (vec!["--dev", "--config", "/nowhere/tidings.toml"], "cannot read /nowhere/tidings.toml"),
    ];
    for (args, says) in cases {
        let refused = run(&[&["serve"], args.as_slice()].concat(), &[]);
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(said.starts_with("error: "), "{args:?}: {said}");
        let own_rule = !said.contains("For more information");
        assert!(!own_rule || said.lines().count() == 1, "{args:?}: {said}");
        assert!(!said.contains(SECRET), "{args:?} shows the secret: {said}");
        assert_eq!(text(&refused.stdout), "");
    }
}

fn file(folder: &Path, name: &str, content: &str, mode: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_help_names_every_setting_with_its_default() {
    let help = run(&["serve", "--help"], &[("TIDINGS_JWT_SECRET", SECRET)]);
    let help = text(&help.stdout);
    for (flag, default) in [
        ("listen", "127.0.0.1:8080"),
        ("metrics-listen", "127.0.0.1:9090"),
        ("database-url", "sqlite://data/tidings.db"),
        ("redis-url", "none"),
        ("node-id", "random"),
        ("jwt-secret", ""),
        ("jwks-url", ""),
        ("jwks-file", ""),
        ("jwt-issuer", "any"),
        ("jwt-audience", "any"),
        ("jwt-leeway", "30s"),
        ("allowed-origins", "only its own"),
        ("dev", ""),
        ("max-connections", "50000"),
        ("max-connections-per-ip", "256"),
        ("max-connections-per-user", "32"),
        ("max-frames-per-second", "50"),
        ("frame-burst", "200"),
        ("max-content-bytes", "16384"),
        ("max-frame-bytes", "65536"),
        ("outbox-bytes", "1048576"),
        ("replay-limit", "1000"),
        ("notification-retention", "7d"),
        ("presence-grace", "10s"),
        ("heartbeat", "25s"),
        ("drain-grace", "10s"),
        ("drain-spread", "10s"),
        ("trusted-proxies", "none"),
    ] {
        let variable = format!("TIDINGS_{}", flag.replace('-', "_").to_uppercase());
        let about =
            help.split(&format!("--{flag} ")).nth(1).or_else(|| help.split(&format!("--{flag}[")).nth(1));
        let about = about.unwrap_or_else(|| panic!("--{flag} is not in the help"));
        let about = about.split("\n      --").next().unwrap();
        let one_line = about.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(&format!("[env: {variable}")), "{flag}: {one_line}");
        assert!(
            default.is_empty() || one_line.contains(&format!("[default: {default}")),
            "{flag}: {one_line}"
        );
    }
    assert!(!help.contains(SECRET), "the help shows the secret");
    let version = run(&["--version"], &[]);
    assert_eq!(text(&version.stdout), format!("tidings-server {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["token", "migrate", "new-epoch"] {
        assert!(run(&[command, "--help"], &[]).status.success(), "{command}");
    }
}

#[test]
fn every_flag_is_also_a_variable_and_a_key_of_the_same_name() {
    use clap::CommandFactory as _;
    let cli = tidings_server::cli::Cli::command();
    for setting in cli.find_subcommand("serve").unwrap().get_arguments() {
        let key = setting.get_id().as_str();
        assert_eq!(setting.get_long(), Some(key.replace('_', "-").as_str()));
        let variable = match key {
            // Its name is that of every program with spans.
            "otlp_endpoint" => "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
            _ => format!("TIDINGS_{}", key.to_uppercase()),
        };
        assert_eq!(setting.get_env().unwrap().to_str(), Some(variable.as_str()));
    }
}

#[test]
fn a_bound_is_of_a_setting_and_named_in_its_refusal() {
    use tidings_server::config::{Config, bounds::BOUNDS};
    for bound in BOUNDS {
        let flag = format!("--{}", bound.flag);
        let refused =
            ["0", "0s"].map(|nothing| Config::from_args(["--dev", &flag, nothing]).unwrap_err().to_string());
        let said = format!("{flag} must be {}", bound.in_words());
        assert!(refused.contains(&said), "{said}: {refused:?}");
    }
}

/// `token` needs no server, so what it answers shows which secret it took.
#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let short = |name: &str| format!("{name:-<20}");
    let config = file(folder.path(), "t.toml", &format!("jwt_secret = \"{}\"", short("file")), 0o600);
    let bytes = |args: &[&str], variables: &[(&str, &str)]| {
        let refused = run(&[&["token", "--sub", "ann"], args].concat(), variables);
        text(&refused.stderr).to_owned()
    };
    assert!(bytes(&["--config", &config], &[]).contains("has 20 bytes"));
    let variable = ("TIDINGS_JWT_SECRET", "twelve bytes");
    assert!(bytes(&["--config", &config], &[variable]).contains("has 12 bytes"));
    assert!(bytes(&["--config", &config, "--jwt-secret", "5ive!"], &[variable]).contains("has 5 bytes"));
    let by_variable = [variable, ("TIDINGS_CONFIG", config.as_str())];
    assert!(bytes(&[], &by_variable).contains("has 12 bytes"));
    assert!(bytes(&[], &by_variable[1..]).contains("has 20 bytes"));
}

#[test]
fn a_file_can_hold_every_kind_of_setting() {
    use tidings_server::config::Config;
    let folder = tempfile::tempdir().unwrap();
    let config = file(
        folder.path(),
        "t.toml",
        "dev = true\nlisten = \"127.0.0.1:4000\"\nmax_connections = 7\nheartbeat = \"3s\"\n\
         allowed_origins = [\"https://a.example\", \"https://b.example\"]\ntrusted_proxies = \"10.0.0.0/8,::1\"\n",
        0o644,
    );
    let read = Config::from_args(["--config", &config, "--heartbeat", "4s"]).unwrap();
    assert!(read.auth.dev);
    assert_eq!(read.listen.listen.port(), 4000);
    assert_eq!(read.limits.max_connections.get(), 7);
    assert_eq!(read.session.heartbeat.as_secs(), 4);
    assert_eq!(read.origins.allowed_origins.len(), 2);
    assert_eq!(read.listen.trusted_proxies.len(), 2);
    let off = Config::from_args(["--config", &config, "--dev=false", "--jwt-secret", SECRET]).unwrap();
    assert!(!off.auth.dev);
}

#[test]
fn settings_can_be_shown_without_their_secrets() {
    use tidings_server::config::Config;
    let flags = ["--jwt-secret", SECRET, "--ticket-secret", "another secret that is long enough"];
    let shown = format!("{:?}", Config::from_args(flags).unwrap());
    assert!(
        shown.contains("REDACTED") && !shown.contains(SECRET) && !shown.contains("another secret"),
        "{shown}"
    );
}
