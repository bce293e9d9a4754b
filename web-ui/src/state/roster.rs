//! The list of people: who is here first, then by name.

/// How present somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Here {
    /// Connected.
    Online,
    /// Connected, but away.
    Away,
    /// Not connected.
    Offline,
}

impl Here {
    /// The word for it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Offline => "offline",
        }
    }
}

/// One person of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// The user.
    pub id: String,
    /// What the user is called.
    pub name: String,
    /// How present.
    pub here: Here,
    /// Whether the user owns the room.
    pub owner: bool,
}

/// Sorts people as the panel shows them.
pub fn sort(people: &mut [Face]) {
    people.sort_by(|a, b| {
        let rank = |face: &Face| face.here == Here::Offline;
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase()))
            .then(a.id.cmp(&b.id))
    });
}

/// How many are connected.
#[must_use]
pub fn online(people: &[Face]) -> usize {
    people.iter().filter(|face| face.here != Here::Offline).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_here_come_first_by_name() {
        let face = |name: &str, here| Face { id: name.into(), name: name.into(), here, owner: false };
        let mut people = vec![
            face("Zoe", Here::Online),
            face("abe", Here::Offline),
            face("Bo", Here::Away),
            face("ann", Here::Online),
        ];
        sort(&mut people);
        let names: Vec<&str> = people.iter().map(|face| face.name.as_str()).collect();
        assert_eq!(names, ["ann", "Bo", "Zoe", "abe"]);
        assert_eq!(online(&people), 3);
    }
}
