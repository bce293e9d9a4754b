//! The HTTP interface, as far as a generator needs it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_protocol::UserId;
use tidings_protocol::http::{Login, Token};

use crate::error::Error;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server's HTTP interface.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    http: reqwest::Client,
}

impl Api {
    /// The interface at a base address such as `http://127.0.0.1:8080`.
    pub fn new(base: &str) -> Result<Self, Error> {
        // The server is on this machine: a proxy of the environment has no part in it.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .map_err(|source| Error::Http { path: base.to_owned(), source })?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), http })
    }

    /// Signs somebody in by name; needs a development server.
    pub async fn login(&self, user: &str, name: &str) -> Result<String, Error> {
        let path = "/api/v1/auth/login";
        let body = Login { user_id: UserId::new(user)?, name: Some(name.to_owned()) };
        match self.answer::<Token>(path, self.http.post(self.at(path)).json(&body)).await {
            Ok(token) => Ok(token.token),
            Err(Error::Refused { status: 404, .. }) => Err(Error::NotForDevelopment(self.base.clone())),
            Err(Error::Http { source, .. }) if source.is_connect() => {
                Err(Error::Unreachable { url: self.base.clone(), reason: "connection refused".to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    /// `GET`.
    pub async fn get<T: DeserializeOwned>(&self, token: &str, path: &str) -> Result<T, Error> {
        self.answer(path, self.http.get(self.at(path)).bearer_auth(token)).await
    }

    /// `POST`.
    pub async fn post<T: DeserializeOwned>(
        &self,
        token: &str,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.answer(path, self.http.post(self.at(path)).bearer_auth(token).json(body)).await
    }

    /// Any request, whose answer says nothing more.
    ///
    /// # Errors
    /// Nobody answers there, or refuses.
    pub async fn ask(
        &self,
        method: Method,
        token: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<(), Error> {
        let mut request = self.http.request(method, self.at(path)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.checked(path, request).await.map(drop)
    }

    /// The text at an address.
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn text(&self, url: &str) -> Result<String, Error> {
        let answer = self.checked(url, self.http.get(url)).await?;
        answer.text().await.map_err(|source| Error::Http { path: url.to_owned(), source })
    }

    /// Whether the server says that it serves.
    pub async fn is_ready(&self) -> bool {
        let answer = self.http.get(self.at("/readyz")).send().await;
        answer.is_ok_and(|a| a.status() == StatusCode::OK)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn answer<T: DeserializeOwned>(&self, path: &str, request: RequestBuilder) -> Result<T, Error> {
        let answer = self.checked(path, request).await?;
        answer.json().await.map_err(|source| Error::Http { path: path.to_owned(), source })
    }

    async fn checked(&self, path: &str, request: RequestBuilder) -> Result<reqwest::Response, Error> {
        let failed = |source| Error::Http { path: path.to_owned(), source };
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let detail = answer.text().await.map_err(failed)?;
        Err(Error::Refused { path: path.to_owned(), status: status.as_u16(), detail })
    }
}
