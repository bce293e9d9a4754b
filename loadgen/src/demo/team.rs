//! Everybody, signed in and connected.

use futures_util::future::{join_all, try_join_all};
use tidings_client_native::{Client, Config};

use super::script::{PEOPLE, Person};
use crate::api::Api;
use crate::error::Error;

/// Everybody, signed in and connected.
pub(super) struct Team {
    api: Api,
    members: Vec<TeamMember>,
}

/// One of them.
pub(super) struct TeamMember {
    /// Who.
    pub(super) id: &'static str,
    /// The token.
    pub(super) token: String,
    /// The connection.
    pub(super) client: Client,
}

impl Team {
    /// Signs everybody in by name, and connects.
    pub(super) async fn sign_in(api: &Api, url: &str) -> Result<Self, Error> {
        let members = try_join_all(PEOPLE.iter().map(|person| sign_in(api, url, person))).await?;
        Ok(Self { api: api.clone(), members })
    }

    /// The HTTP interface.
    pub(super) const fn api(&self) -> &Api {
        &self.api
    }

    /// Everybody.
    pub(super) fn members(&self) -> &[TeamMember] {
        &self.members
    }

    /// One of them.
    pub(super) fn member(&self, id: &str) -> Result<&TeamMember, Error> {
        let found = self.members.iter().find(|member| member.id == id);
        found.ok_or_else(|| Error::Broken(format!("the script names {id}, who is not in the team")))
    }

    /// Disconnects everybody.
    pub(super) async fn leave(self) {
        join_all(self.members.iter().map(|member| member.client.close())).await;
    }
}

async fn sign_in(api: &Api, url: &str, person: &Person) -> Result<TeamMember, Error> {
    let token = api.login(person.id, person.name).await?;
    let (client, events) = Client::connect(Config::new(url, token.as_str())).await?;
    // Nobody reads along: the app shows it.
    drop(events);
    Ok(TeamMember { id: person.id, token, client })
}
