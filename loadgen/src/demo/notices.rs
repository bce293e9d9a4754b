//! Notifications to the two whom a visitor signs in as, and a broadcast to all.

use reqwest::Method;
use tidings_protocol::entity::Notification;
use tidings_protocol::http::{SendBroadcast, SendNotification};
use tidings_protocol::{ClientId, UserId};

use super::script::{BROADCAST, NOTICES, Notice};
use super::team::Team;
use crate::error::Error;

/// Sends them all; those that somebody has read are marked so.
pub(super) async fn send(team: &Team, token: &str) -> Result<(), Error> {
    for (n, notice) in NOTICES.iter().enumerate() {
        let stored = match notify(team, token, notice, format!("demo-notice-{n}")).await {
            Err(Error::Refused { status: 401 | 403, .. }) => {
                eprintln!(
                    "demo: the server does not take the token for notifications; it was made with another secret, \
                     or has expired, or has no scope `notify`"
                );
                return Ok(());
            }
            stored => stored?,
        };
        if notice.read {
            mark_read(team, notice.to, &stored.id).await?;
        }
    }
    let broadcast = SendBroadcast {
        title: BROADCAST.title.to_owned(),
        message: BROADCAST.text.to_owned(),
        kind: BROADCAST.kind.to_owned(),
        id: Some(ClientId::new("demo-broadcast")?),
    };
    let path = "/api/v1/notifications/broadcast";
    team.api().post::<serde_json::Value>(token, path, &broadcast).await?;
    eprintln!("demo: {} notifications and a broadcast are there", NOTICES.len());
    Ok(())
}

/// Sends one.
pub(super) async fn notify(
    team: &Team,
    token: &str,
    notice: &Notice,
    id: String,
) -> Result<Notification, Error> {
    let body = SendNotification {
        user_id: UserId::new(notice.to)?,
        title: notice.title.to_owned(),
        message: notice.text.to_owned(),
        kind: notice.kind.to_owned(),
        data: None,
        id: Some(ClientId::new(id)?),
    };
    team.api().post(token, "/api/v1/notifications/send", &body).await
}

async fn mark_read(team: &Team, user: &str, id: &str) -> Result<(), Error> {
    let token = &team.member(user)?.token;
    team.api().ask(Method::POST, token, &format!("/api/v1/notifications/{id}/read"), None).await
}
