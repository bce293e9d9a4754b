//! Spans by OTLP, over HTTP in protobuf: requests with their ids, frames with those of their sessions. What a span holds
//! may stand in a log, so no token is among it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// What the collector shows the server as, unless `OTEL_SERVICE_NAME` says otherwise.
const NAME: &str = "tidings-server";
/// Spans of this crate, frames among them; those of libraries are left out.
const TARGET: &str = "tidings_server";
/// The collector's answer must be here by then.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Spans go nowhere.
#[derive(Debug, thiserror::Error)]
#[error("--otlp-endpoint: {0}")]
pub struct ExportError(String);

/// The way to the collector. Bounded: where the collector is away, the newest spans are dropped.
#[derive(Debug)]
pub struct Export(SdkTracerProvider);

impl Export {
    /// To the collector at this address, such as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    /// The address is none, or this machine has no certificates to check with.
    pub(super) fn to(endpoint: &str, runtime: &Handle) -> Result<Self, ExportError> {
        let told = |error: &dyn std::error::Error| ExportError(error.to_string());
        let connector = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| told(&error))?;
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Post { client, runtime: runtime.clone() })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| told(&error))?;
        let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| NAME.to_owned());
        let resource = Resource::builder().with_service_name(name).build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// Takes the spans of this crate.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let filter = Targets::new().with_target(TARGET, Level::DEBUG);
        tracing_opentelemetry::layer().with_tracer(self.0.tracer(NAME)).with_filter(filter)
    }

    /// Sends what waits. For the end of the process; it blocks, while the runtime still runs.
    pub fn finish(&self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Requests on the server's own runtime: the exporter has a thread of its own, without one.
#[derive(Debug)]
struct Post {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let asking = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        // The timer needs the runtime too.
        self.runtime.spawn(async move { tokio::time::timeout(TIMEOUT, asking).await }).await??
    }
}
