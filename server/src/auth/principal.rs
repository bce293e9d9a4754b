//! Who is asking, and what it may do.

use tidings_protocol::{RoomId, Timestamp, UserId};

use crate::store::{RoomMatch, TokenId};

/// Who a token speaks for, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The token's `sub`.
    pub user_id: UserId,
    /// The token's `name`.
    pub name: Option<String>,
    /// The token's `scope`.
    pub scopes: Scopes,
    /// The token's `rooms`.
    pub rooms: RoomAccess,
    /// The token's `jti`, where it has one.
    pub token_id: Option<TokenId>,
    /// When the token's word ends.
    pub expires_at: Timestamp,
}

impl Principal {
    /// The name to show: the token's, else the user's id.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.user_id.as_str())
    }

    /// Whether the token has this scope.
    #[must_use]
    pub const fn has_scope(&self, scope: Scope) -> bool {
        match scope {
            Scope::Notify => self.scopes.notify,
            Scope::Admin => self.scopes.admin,
        }
    }

    /// What the token says about joining a room; membership decides where it says nothing.
    #[must_use]
    pub fn may_join(&self, room: &RoomId) -> Admission {
        match &self.rooms {
            RoomAccess::ByMembership => Admission::ByMembership,
            RoomAccess::Only(patterns) if patterns.iter().any(|p| p.meant.is(room)) => Admission::Admitted,
            RoomAccess::Only(_) => Admission::Refused,
        }
    }
}

/// What a token says about joining a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Any public room, and a private one by membership.
    ByMembership,
    /// This room, private or not.
    Admitted,
    /// Not this room.
    Refused,
}

/// A right that a token may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Send notifications and broadcasts.
    Notify,
    /// See the server's state.
    Admin,
}

/// The rights that a token carries. Others that it names are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// `notify`.
    pub notify: bool,
    /// `admin`.
    pub admin: bool,
}

impl Scopes {
    /// Reads a space-separated list.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let has = |name| list.split(' ').any(|word| word == name);
        Self { notify: has("notify"), admin: has("admin") }
    }

    /// The list again, with only what is known; `None` where that is nothing.
    #[must_use]
    pub fn to_claim(self) -> Option<String> {
        let words: Vec<&str> =
            [self.notify.then_some("notify"), self.admin.then_some("admin")].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// Which rooms a token admits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomAccess {
    /// The token does not say: all public ones, and the private ones by membership.
    ByMembership,
    /// What matches, and nothing else.
    Only(Vec<RoomPattern>),
}

/// A room's id, or the beginning of one with `*` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPattern {
    text: String,
    meant: RoomMatch,
}

impl RoomPattern {
    /// Reads a pattern.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let meant = match text.strip_suffix('*') {
            Some(prefix) => RoomMatch::Prefix(prefix.to_owned()),
            None => RoomMatch::Id(text.clone()),
        };
        Self { text, meant }
    }

    /// The pattern as the token has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which rooms it means, as the store asks.
    #[must_use]
    pub const fn meant(&self) -> &RoomMatch {
        &self.meant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_join(patterns: &[&str], room: &str) -> Admission {
        Principal {
            user_id: UserId::new("ann").unwrap(),
            name: None,
            scopes: Scopes::default(),
            rooms: RoomAccess::Only(patterns.iter().copied().map(RoomPattern::new).collect()),
            token_id: None,
            expires_at: Timestamp::default(),
        }
        .may_join(&RoomId::new(room).unwrap())
    }

    #[test]
    fn a_pattern_is_exact_unless_it_ends_in_a_star() {
        assert_eq!(may_join(&["team:*"], "team:red"), Admission::Admitted);
        assert_eq!(may_join(&["team:red"], "team:red2"), Admission::Refused);
        assert_eq!(may_join(&["te*m"], "team"), Admission::Refused);
        assert_eq!(may_join(&["*"], "anything"), Admission::Admitted);
        assert_eq!(may_join(&[], "general"), Admission::Refused);
    }

    #[test]
    fn a_scope_is_a_whole_word() {
        assert_eq!(Scopes::parse("notify:all administrator"), Scopes::default());
        assert_eq!(Scopes::parse("x admin notify").to_claim().as_deref(), Some("notify admin"));
    }
}
