//! The admin API of a node: who is connected to it, and who shall not be.

use std::net::SocketAddr;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings_testbed::node::Node;

use crate::api::Api;
use crate::error::Error;
use crate::token::Secret;

const BASE: &str = "/api/v1/admin";

/// One node's.
#[derive(Debug)]
pub(super) struct Admin {
    api: Api,
    token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sessions {
    sessions: Vec<Session>,
    has_more: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    session_id: String,
    user_id: String,
}

impl Admin {
    pub(super) fn of(node: &Node, secret: &Secret) -> Result<Self, Error> {
        let at = SocketAddr::new(node.address().ip(), node.metrics_port());
        let token = secret.token_for("admin", Some("admin"))?;
        Ok(Self { api: Api::new(&format!("http://{at}"))?, token })
    }

    /// How many sessions there are of users whose names begin so.
    pub(super) async fn sessions_of(&self, prefix: &str) -> Result<usize, Error> {
        let (mut count, mut after) = (0, String::new());
        loop {
            let path = format!("{BASE}/sessions?limit=200{after}");
            let page: Sessions = self.api.get(&self.token, &path).await?;
            count += page.sessions.iter().filter(|session| session.user_id.starts_with(prefix)).count();
            match page.sessions.last() {
                Some(last) if page.has_more => after = format!("&after={}", last.session_id),
                _ => return Ok(count),
            }
        }
    }

    pub(super) async fn disconnect(&self, user: &str) -> Result<(), Error> {
        self.ask(Method::POST, &format!("/users/{user}/disconnect"), None).await
    }

    pub(super) async fn ban(&self, user: &str) -> Result<(), Error> {
        self.ask(Method::PUT, &format!("/bans/{user}"), Some(json!({}))).await
    }

    pub(super) async fn revoke(&self, jti: &str, exp: i64) -> Result<(), Error> {
        self.ask(Method::POST, "/tokens/revoke", Some(json!({ "jti": jti, "exp": exp }))).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<(), Error> {
        self.api.ask(method, &self.token, &format!("{BASE}{path}"), body.as_ref()).await
    }
}
