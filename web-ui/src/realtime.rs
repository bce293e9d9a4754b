//! The only module that knows the client: how to sign in, the hooks, and the few translations between what the client
//! says and what `state` works on.

use leptos::prelude::*;
pub use tidings_client::leptos::crowd::Crowd;
pub use tidings_client::leptos::inbox::Inbox;
pub use tidings_client::leptos::people::People;
pub use tidings_client::leptos::rooms::Rooms;
pub use tidings_client::leptos::{
    ChatItem, Delivery, Incoming, Link, Notice, Page, PageError, Place, Preview, RoomRow, Tidings,
    UseConnection, UseNotifications, UseRoom, UseRooms, provide_tidings, use_connection, use_notifications,
    use_room, use_rooms, use_tidings,
};
use tidings_client::{Client, Config, Credentials, State, TokenProvider};
pub use tidings_client::{ClosedBy, HttpError};
use tidings_protocol::UserId;
use tidings_protocol::entity::Status;
use tidings_protocol::http::{Login, Token};

use crate::state::banner;
use crate::state::roster::Here;
use crate::state::route::Route;

/// Who signed in, and by what.
#[derive(Clone, Debug)]
pub struct Session {
    /// The user.
    pub me: UserId,
    config: Config,
}

/// Why signing in did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// The name is no user id.
    Name(String),
    /// The server takes tokens only.
    TokensOnly,
    /// The text is no token that names a user.
    Token,
    /// Anything else.
    Other(String),
}

/// Signs in by a name alone: a development server answers with a token, and with a new one whenever it is needed.
///
/// # Errors
/// [`SignInError`] says why it did not work.
pub async fn sign_in_by_name(name: &str) -> Result<Session, SignInError> {
    let me = UserId::new(name).map_err(|e| SignInError::Name(e.to_string()))?;
    let first = login(me.clone()).await?;
    let again = me.clone();
    let provider = TokenProvider::new(move |fresh| {
        let (me, first) = (again.clone(), first.clone());
        async move {
            if !fresh {
                return Ok(first);
            }
            login(me).await.map_err(|error| format!("{error:?}"))
        }
    });
    Ok(Session { me, config: Config::new("", Credentials::Provider(provider)) })
}

/// Signs in by a token.
///
/// # Errors
/// The text names no user.
pub fn sign_in_by_token(token: &str) -> Result<Session, SignInError> {
    let config = Config::new("", Credentials::Token(token.trim().to_owned()));
    let user = Client::new(Config { persistence: false, ..config.clone() }).user_id();
    let me = user.and_then(|user| UserId::new(user).ok()).ok_or(SignInError::Token)?;
    Ok(Session { me, config })
}

async fn login(user_id: UserId) -> Result<String, SignInError> {
    let config = Config { persistence: false, ..Config::new("", Credentials::Cookie) };
    let http = Client::new(config).http();
    match http.post_json::<Login, Token>("/api/v1/auth/login", &Login { user_id, name: None }).await {
        Ok(token) => Ok(token.token),
        Err(HttpError::Problem(problem)) if matches!(problem.status, 403..=405) => {
            Err(SignInError::TokensOnly)
        }
        Err(HttpError::Status(403..=405)) => Err(SignInError::TokensOnly),
        Err(error) => Err(SignInError::Other(error.to_string())),
    }
}

/// Connects, for the component that calls it and all below.
pub fn connect(session: &Session) -> Tidings {
    provide_tidings(session.config.clone(), session.me.clone())
}

/// The place that an address names.
#[must_use]
pub fn place_of(route: &Route) -> Option<Place> {
    match route {
        Route::Home => None,
        Route::Room(id) => id.parse().ok().map(Place::Room),
        Route::Direct(id) => id.parse().ok().map(Place::Direct),
    }
}

/// The address of a place.
#[must_use]
pub fn route_of(place: &Place) -> Route {
    match place {
        Place::Room(id) => Route::Room(id.to_string()),
        Place::Direct(id) => Route::Direct(id.to_string()),
    }
}

/// Where a notification leads, if its sender said so.
#[must_use]
pub fn target_of(data: &serde_json::Map<String, serde_json::Value>) -> Option<Route> {
    let text = |name: &str| data.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    text("roomId").map(Route::Room).or_else(|| text("senderId").map(Route::Direct))
}

/// Whether the server can be asked.
#[must_use]
pub const fn is_connected(link: &Link) -> bool {
    matches!(link.state, State::Connected)
}

/// How the banner sees the connection.
#[must_use]
pub fn banner_link(link: &Link) -> banner::Link {
    match link.state {
        State::Connected => banner::Link::Fine,
        State::Closed => banner::Link::Closed,
        State::Idle | State::Connecting | State::Reconnecting if !link.online => banner::Link::Offline,
        State::Idle | State::Connecting | State::Reconnecting => {
            link.next_retry_at.map_or(banner::Link::Connecting, banner::Link::Waiting)
        }
    }
}

/// How present somebody is.
#[must_use]
pub const fn here(status: Status) -> Here {
    match status {
        Status::Online => Here::Online,
        Status::Away => Here::Away,
        Status::Offline => Here::Offline,
    }
}

/// What a user is called, as a signal.
pub fn name_of(user: UserId) -> Memo<String> {
    let people = use_tidings().people;
    Memo::new(move |_| people.with(|people| people.name(&user)))
}
