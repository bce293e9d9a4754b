//! What is said on stderr: one line an event, in text or JSON, and never a token in it. With the feature `otel`, spans to a
//! collector besides.

use std::backtrace::BacktraceStatus;
use std::borrow::Cow;
use std::panic::PanicHookInfo;

use http::Uri;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::LogFormat;

#[cfg(feature = "otel")]
mod otlp;

#[cfg(feature = "otel")]
pub use self::otlp::{Export, ExportError};

/// Query parameters that are as good as a password.
const SECRET_PARAMETERS: [&str; 2] = ["token", "ticket"];
/// What a signed token begins with: the base64 of `{"`.
const TOKEN_HEAD: &str = "eyJ";
/// What stands in their place.
const LEFT_OUT: &str = "[REDACTED]";

/// What is logged where `RUST_LOG` says nothing.
const DEFAULT_FILTER: &str = "info";

/// One who takes events and spans.
type Taker = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends events to stderr from here on. Called twice, the first one stays.
pub fn init(format: LogFormat) {
    begin(lines(format));
}

/// The same, and spans to a collector.
///
/// # Errors
/// The collector's address does not do.
#[cfg(feature = "otel")]
pub fn init_with_export(
    format: LogFormat,
    endpoint: &str,
    runtime: &tokio::runtime::Handle,
) -> Result<Export, ExportError> {
    let export = Export::to(endpoint, runtime)?;
    let both: Vec<Taker> = vec![lines(format), export.layer().boxed()];
    begin(both);
    Ok(export)
}

fn lines(format: LogFormat) -> Taker {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).with_filter(filter).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

fn begin(taker: impl Layer<Registry> + Send + Sync) {
    if tracing_subscriber::registry().with(taker).try_init().is_err() {
        tracing::debug!("logging has begun before");
        return;
    }
    std::panic::set_hook(Box::new(log_panic));
}

/// A panic is a line of the log like any other, not a text of its own shape between the lines.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(
        message = panic.payload_as_str().unwrap_or("panic"),
        place,
        backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string()),
    );
}

/// Path and query as they may be logged: without the value of a token or ticket, wherever its name stands, and without
/// whatever begins as a signed token does.
#[must_use]
pub fn loggable(uri: &Uri) -> String {
    let mut shown = hidden(uri.path()).into_owned();
    let mut mark = '?';
    for pair in uri.query().into_iter().flat_map(|query| query.split('&')) {
        shown.push(mark);
        mark = '&';
        match pair.split_once('=') {
            Some((name, _)) if is_secret(pair) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(LEFT_OUT);
            }
            Some(_) | None => shown.push_str(&hidden(pair)),
        }
    }
    shown
}

/// A text up to what looks like the beginning of a secret.
fn hidden(text: &str) -> Cow<'_, str> {
    let small = text.to_ascii_lowercase();
    let named = SECRET_PARAMETERS.iter().filter_map(|name| {
        let named = format!("{name}=");
        small.find(&named).map(|at| at + named.len())
    });
    match named.chain(text.find(TOKEN_HEAD)).min() {
        Some(at) => Cow::Owned(format!("{}{LEFT_OUT}", text.get(..at).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// Whether a pair of the query is a secret one, also where its name is percent-encoded.
fn is_secret(pair: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .is_some_and(|(name, _)| SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown_however_it_is_written() {
        let shown = |uri: &str| loggable(&uri.parse().unwrap());
        assert_eq!(
            shown("/ws/chat?token=a.b.c&notifications=true"),
            "/ws/chat?token=[REDACTED]&notifications=true"
        );
        assert_eq!(shown("/ws/chat?x=1&ticket=a"), "/ws/chat?x=1&ticket=[REDACTED]");
        assert_eq!(shown("/ws/chat?%74oken=a.b.c"), "/ws/chat?%74oken=[REDACTED]");
        assert_eq!(shown("/ws/chat?TOKEN=a&token=b"), "/ws/chat?TOKEN=[REDACTED]&token=[REDACTED]");
        assert_eq!(shown("/api/v1/rooms?limit=5"), "/api/v1/rooms?limit=5");
        assert_eq!(shown("/ws/chat?toke.=eyJ0eXAi.b.c&x=1"), "/ws/chat?toke.=[REDACTED]&x=1");
        assert_eq!(shown("/ws/chat/token=a.b.c"), "/ws/chat/token=[REDACTED]");
        assert_eq!(shown("/x/tokens/Token=a"), "/x/tokens/Token=[REDACTED]");
        assert_eq!(shown("/ws/chat?x?ticket=a&y"), "/ws/chat?x?ticket=[REDACTED]&y");
        assert_eq!(shown("/api/v1/rooms/token/eyJ0eXAi"), "/api/v1/rooms/token/[REDACTED]");
    }
}
