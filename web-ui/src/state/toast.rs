//! Toasts: at most three, the oldest goes first.

/// Most toasts at once.
pub const MOST: usize = 3;
/// How long one stays, in milliseconds.
pub const STAY_MS: i32 = 6_000;

/// A short message at the edge of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Tells it from others.
    pub id: u64,
    /// One line.
    pub title: String,
    /// More, or nothing.
    pub text: String,
    /// An error is announced at once.
    pub error: bool,
}

/// What is shown now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toasts {
    list: Vec<Toast>,
    last: u64,
}

impl Toasts {
    /// Adds one and answers its id.
    pub fn add(&mut self, title: impl Into<String>, text: impl Into<String>, error: bool) -> u64 {
        self.last += 1;
        self.list.push(Toast { id: self.last, title: title.into(), text: text.into(), error });
        if self.list.len() > MOST {
            self.list.remove(0);
        }
        self.last
    }

    /// Takes one away.
    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|toast| toast.id != id);
    }

    /// What is shown, oldest first.
    #[must_use]
    pub fn list(&self) -> &[Toast] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_pushes_out_the_first() {
        let mut toasts = Toasts::default();
        let ids: Vec<u64> = (0..4).map(|n| toasts.add(n.to_string(), "", false)).collect();
        assert_eq!(toasts.list().iter().map(|t| t.id).collect::<Vec<_>>(), ids[1..]);
        toasts.dismiss(ids[2]);
        assert_eq!(toasts.list().len(), 2);
    }
}
