//! The app: files built into the binary, each compressed once, with an `ETag`; any other page path gets the
//! app's first page. A server built without the app says how to build it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Component, Path};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use parking_lot::RwLock;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};
use tidings_protocol::Code;

use crate::error::Error;

/// What `just app` had built when a release server was built.
#[derive(RustEmbed)]
#[folder = "../web-ui/dist"]
#[allow_missing = true]
struct Dist;

/// First parts of paths that are the server's: none of them is ever a page of the app.
const RESERVED: [&str; 8] = ["api", "ws", "healthz", "readyz", "metrics", "debug", "admin", ".well-known"];

const INDEX: &str = "index.html";

/// Where there is no app.
const WITHOUT_APP: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Tidings</title>\n\
<h1>Tidings is running</h1>\n<p>This server was built without its app. Build the app with <code>just app</code>, \
then build the server again.</p>\n<p>The API is here all the same: \
<a href=\"/api/v1/openapi.json\">its description</a>.</p>\n</html>\n";

/// A file as it was built.
struct File {
    data: Cow<'static, [u8]>,
    /// SHA-256 of it.
    hash: [u8; 32],
}

/// Finds a file by its path.
type Source = fn(&str) -> Option<File>;

/// The app's files, as they go out.
pub struct Assets {
    source: Source,
    ready: RwLock<HashMap<String, Arc<Asset>>>,
}

impl fmt::Debug for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assets").field("ready", &self.ready.read().len()).finish()
    }
}

#[derive(Debug)]
struct Asset {
    hash: [u8; 32],
    media_type: HeaderValue,
    cache: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Default for Assets {
    fn default() -> Self {
        Self::from_source(if cfg!(debug_assertions) { from_disk } else { embedded })
    }
}

fn embedded(path: &str) -> Option<File> {
    let file = Dist::get(path)?;
    Some(File { data: file.data, hash: file.metadata.sha256_hash() })
}

/// A debug build reads the app from its place at each request, so that it can be built later than the server.
fn from_disk(path: &str) -> Option<File> {
    let path = Path::new(path);
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let data = std::fs::read(Path::new(env!("TIDINGS_APP_DIR")).join(path)).ok()?;
    let hash = Sha256::digest(&data).into();
    Some(File { data: Cow::Owned(data), hash })
}

impl Assets {
    fn from_source(source: Source) -> Self {
        Self { source, ready: RwLock::default() }
    }

    /// A file by its path. Only paths that exist are kept, so what is kept is bounded by the app.
    fn get(&self, path: &str) -> Option<Arc<Asset>> {
        let file = (self.source)(path)?;
        if let Some(asset) = self.ready.read().get(path).filter(|asset| asset.hash == file.hash) {
            return Some(Arc::clone(asset));
        }
        let asset = Arc::new(Asset::new(path, file));
        self.ready.write().insert(path.to_owned(), Arc::clone(&asset));
        Some(asset)
    }
}

impl Asset {
    fn new(path: &str, file: File) -> Self {
        let media_type = mime_guess::from_path(path).first_or_octet_stream();
        let text = media_type.type_() == "text";
        let shown = if text { format!("{media_type}; charset=utf-8") } else { media_type.to_string() };
        let small = text || matches!(media_type.subtype().as_str(), "wasm" | "json" | "javascript" | "svg");
        let plain = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let cache = if is_hashed(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
        Self {
            hash: file.hash,
            media_type: HeaderValue::try_from(shown)
                .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")),
            cache: HeaderValue::from_static(cache),
            gzip: small.then(|| gzip(&plain)).flatten().filter(|packed| packed.len() < plain.len()),
            plain,
        }
    }

    fn answer(&self, request: &HeaderMap, head_only: bool) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| accepts_gzip(request));
        let suffix = if gzip.is_some() { "-gz" } else { "" };
        let hash: String = self.hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = format!("\"{hash}{suffix}\"");
        let known = is_known(request, &etag);
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::try_from(etag) {
            headers.insert(header::ETAG, etag);
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, self.media_type.clone());
        let bytes = gzip.unwrap_or(&self.plain);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        if gzip.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if !head_only {
            *response.body_mut() = bytes.clone().into();
        }
        response
    }
}

/// Everything that is no route: a file of the app, a page of the app, or nothing.
pub async fn serve(State(assets): State<Arc<Assets>>, request: Request) -> Result<Response, Error> {
    let (parts, _) = request.into_parts();
    let head_only = parts.method == Method::HEAD;
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let reserved = RESERVED.contains(&path.split('/').next().unwrap_or_default());
    if reserved || !(head_only || parts.method == Method::GET) {
        return Err(Error::new(Code::NotFound));
    }
    let page = path.is_empty() || wants_page(&parts.headers);
    // Compressing, and reading from disk in a debug build, would hold up the others on this thread.
    let found = tokio::task::spawn_blocking(move || match assets.get(&path) {
        Some(asset) if !path.is_empty() => Some(asset),
        Some(_) | None if page => assets.get(INDEX),
        Some(_) | None => None,
    });
    match found.await.map_err(|error| Error::internal(&error))? {
        Some(asset) => Ok(asset.answer(&parts.headers, head_only)),
        None if page => Ok(without_app()),
        None => Err(Error::new(Code::NotFound)),
    }
}

fn without_app() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, WITHOUT_APP).into_response()
}

/// A browser that goes to an address asks for a page; a script or a stylesheet asks for something else.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|a| a.contains("text/html"))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Whether the browser has this very content (RFC 9110 §13.1.2, compared weakly).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// Whether the name changes with the content: `app-0123abcd.js`, `app.0123abcd.js`.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let hash = stem.rsplit(['-', '.']).next().unwrap_or_default();
    hash.len() < stem.len() && hash.len() >= 8 && hash.bytes().all(|b| b.is_ascii_hexdigit())
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let level = if cfg!(debug_assertions) { Compression::fast() } else { Compression::best() };
    let mut packed = GzEncoder::new(Vec::new(), level);
    packed.write_all(bytes).ok()?;
    packed.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    fn source(path: &str) -> Option<File> {
        let (data, hash) = match path {
            "index.html" => ("<!doctype html><title>app</title>".to_owned(), 1),
            "app_bg.wasm" => ("wasm ".repeat(1000), 2),
            "app-0123abcd.js" => ("let a = 1;".to_owned(), 3),
            _ => return None,
        };
        Some(File { data: Cow::Owned(data.into_bytes()), hash: [hash; 32] })
    }

    async fn get(path: &str, headers: &[(&str, &str)]) -> Result<Response, Error> {
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        serve(State(Arc::new(Assets::from_source(source))), request.body(axum::body::Body::empty()).unwrap())
            .await
    }

    const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    #[tokio::test]
    async fn a_file_goes_out_compressed_and_is_not_sent_twice() {
        let first = get("/app_bg.wasm", &[("accept-encoding", "br, gzip")]).await.unwrap();
        assert_eq!(first.headers()[header::CONTENT_TYPE], "application/wasm");
        assert_eq!(first.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let body = to_bytes(first.into_body(), usize::MAX).await.unwrap();
        assert!(body.len() < 500 && body.starts_with(&[0x1f, 0x8b]));

        let plain = get("/app_bg.wasm", &[("accept-encoding", "gzip;q=0")]).await.unwrap();
        assert_eq!(plain.headers()[header::CONTENT_LENGTH], "5000");
        assert_ne!(plain.headers()[header::ETAG], etag.as_str(), "another representation, another tag");

        let again =
            get("/app_bg.wasm", &[("accept-encoding", "gzip"), ("if-none-match", &format!("W/{etag}"))])
                .await;
        assert_eq!(again.unwrap().status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn only_a_name_that_changes_with_the_content_is_kept_for_good() {
        let hashed = get("/app-0123abcd.js", &[]).await.unwrap();
        assert!(hashed.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        for path in ["app_bg.wasm", "main-page.js", "deadbeef.js", "a/b-0123abc.js"] {
            assert!(!is_hashed(path), "{path}");
        }
    }

    #[tokio::test]
    async fn a_page_of_the_app_is_the_first_page_and_nothing_else_is_a_page() {
        for path in ["/", "/rooms/general", "/index.html"] {
            let page = get(path, &[PAGE]).await.unwrap();
            assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        }
        assert!(get("/rooms/general", &[("accept", "*/*")]).await.is_err(), "no script is a page");
        for path in [
            "/metrics",
            "/api/v1/nothing",
            "/debug/pprof",
            "/admin",
            "/ws/other",
            "/readyz/x",
            "/../Cargo.toml",
        ] {
            let answer = get(path, &[("accept", "*/*")]).await;
            assert_eq!(answer.err().map(|error| error.code()), Some(Code::NotFound), "{path}");
        }
        assert!(get("/metrics", &[PAGE]).await.is_err(), "nor is what the server keeps for itself");
    }

    #[tokio::test]
    async fn without_the_app_the_page_says_how_to_build_it() {
        let assets = Arc::new(Assets::from_source(|_| None));
        let request = http::Request::get("/").body(axum::body::Body::empty()).unwrap();
        let page = serve(State(assets), request).await.unwrap();
        let body = to_bytes(page.into_body(), usize::MAX).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains("just app"));
    }
}
