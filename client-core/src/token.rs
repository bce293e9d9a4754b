//! The token's life: refused, refreshed, replaced in band.

use tidings_protocol::ClientId;

/// What is under way about the token. The token itself stays with the app.
#[derive(Debug, Default)]
pub(crate) struct Token {
    /// Refused connections in a row.
    refused: u32,
    asked: bool,
    sent: Option<ClientId>,
}

impl Token {
    /// A connection was refused for its token; whether a new token is worth an attempt without a wait.
    pub(crate) const fn refuse(&mut self) -> bool {
        self.refused = self.refused.saturating_add(1);
        self.refused == 1
    }

    /// Whether the last token was refused, so that a cached one will not do.
    pub(crate) const fn is_stale(&self) -> bool {
        self.refused > 0
    }

    /// The connection has proved good.
    pub(crate) const fn proven(&mut self) {
        self.refused = 0;
    }

    /// The token expires soon; whether to ask the app, once.
    pub(crate) const fn ask(&mut self) -> bool {
        let first = !self.asked;
        self.asked = true;
        first
    }

    /// A new token is on its way to the server.
    pub(crate) fn sending(&mut self, id: ClientId) {
        self.asked = false;
        self.sent = Some(id);
    }

    /// A frame was answered; whether it was the one with the token.
    pub(crate) fn answered(&mut self, id: Option<&str>) -> bool {
        let mine = self.sent.as_ref().is_some_and(|sent| Some(sent.as_str()) == id);
        if mine {
            self.sent = None;
        }
        mine
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&mut self) {
        self.asked = false;
        self.sent = None;
    }
}
