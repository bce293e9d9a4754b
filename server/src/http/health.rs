//! Whether the process lives, and whether it should be sent work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tidings_protocol::http::Readiness;

use super::json::Json;
use crate::drain::{Drain, Stage};
use crate::node::{Health, Node};

/// A part that does not answer within this time does not work.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ask whether the process lives
#[utoipa::path(get, path = "/healthz", security(()), tag = "health", responses((status = 200, description = "The process lives")))]
pub async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

/// Ask whether the server is to be sent work
#[utoipa::path(get, path = "/readyz", security(()), tag = "health", responses(
    (status = 200, description = "`ready`, or `degraded` with what does not work", body = Readiness),
    (status = 503, description = "`starting`, `draining`, or `unavailable`", body = Readiness),
))]
pub async fn ready(State(drain): State<Drain>, State(node): State<Arc<Node>>) -> Response {
    let (status, broken) = match drain.stage() {
        Stage::Starting => ("starting", None),
        Stage::Draining => ("draining", None),
        Stage::Ready => match tokio::time::timeout(PATIENCE, node.health()).await {
            Ok(Health { store: false, .. }) | Err(_) => ("unavailable", Some(vec!["store"])),
            Ok(Health { disk: true, broker: true, .. }) => ("ready", None),
            Ok(Health { disk, broker, .. }) => {
                let broken = [("disk", disk), ("broker", broker)];
                ("degraded", Some(broken.iter().filter(|(_, works)| !works).map(|(part, _)| *part).collect()))
            }
        },
    };
    let code = match status {
        "ready" | "degraded" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let broken = broken.map(|parts: Vec<&str>| parts.into_iter().map(str::to_owned).collect());
    (code, Json(Readiness { status: status.to_owned(), broken })).into_response()
}
