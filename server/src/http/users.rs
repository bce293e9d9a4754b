//! `/api/v1/users`: people the server has seen.

use std::sync::Arc;

use axum::extract::State;
use tidings_protocol::http::UserPage;
use tidings_protocol::limits::{DEFAULT_PAGE, MAX_NAME_BYTES};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, bad};
use super::rest::person;
use crate::auth::Caller;
use crate::error::Error;
use crate::node::Node;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(list))
}

/// Which users.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// What the id or the name begins with, in whatever case; absent: all users.
    #[param(value_type = Option<String>, max_length = 256)]
    pub q: String,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 50)]
    pub limit: u32,
}

impl FromQuery for UsersQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let q = params.text("q")?.unwrap_or_default();
        if q.len() > MAX_NAME_BYTES {
            return Err(bad("q", format!("must be at most {MAX_NAME_BYTES} bytes")));
        }
        Ok(Self { q: q.to_owned(), limit: params.limit(DEFAULT_PAGE)? })
    }
}

/// Find people
///
/// Users whose id or name begins with `q`, by id, each with what others see of it.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(UsersQuery), responses(
    (status = 200, description = "The page", body = UserPage),
))]
async fn list(
    State(node): State<Arc<Node>>,
    _: Caller,
    Query(query): Query<UsersQuery>,
) -> Result<Json<UserPage>, Error> {
    let page = node.store().users(&query.q, query.limit).await?;
    let people = page.items.into_iter().map(|user| {
        let status = node.presence().status(&user.user_id);
        person(user, status)
    });
    Ok(Json(UserPage { users: people.collect(), has_more: page.has_more }))
}
