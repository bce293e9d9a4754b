//! The REST resources, and what their handlers have in common.

use tidings_protocol::Code;
use tidings_protocol::entity::{Person, Status};
use utoipa_axum::router::OpenApiRouter;

use super::{HttpState, history, log, members, notifications, rooms, search, users};
use crate::auth::{Principal, RoomAccess, Scope};
use crate::error::Error;
use crate::store::{Reach, UserRecord};

/// All of them.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default()
        .merge(rooms::routes())
        .merge(members::routes())
        .merge(history::routes())
        .merge(log::routes())
        .merge(search::routes())
        .merge(users::routes())
        .merge(notifications::routes())
}

/// Refuses a token without the scope.
pub(super) fn require(principal: &Principal, scope: Scope) -> Result<(), Error> {
    if principal.has_scope(scope) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden).detail(match scope {
        Scope::Notify => "the token lacks the scope notify",
        Scope::Admin => "the token lacks the scope admin",
    }))
}

/// Which rooms the token reaches. Direct rooms are everybody's own and stand in no token.
pub(super) fn reach(principal: &Principal) -> Reach {
    let RoomAccess::Only(patterns) = &principal.rooms else { return Reach::All };
    Reach::Only(patterns.iter().map(|pattern| pattern.meant().clone()).collect())
}

/// A user as others see one.
pub(super) fn person(user: UserRecord, status: Status) -> Person {
    let name = user.name.unwrap_or_else(|| user.user_id.to_string());
    Person { user_id: user.user_id, name, status }
}
