//! Lists come in pages: which of them was asked for, and what became of it.

use ::leptos::prelude::*;

use crate::http::HttpError;

/// A page of a list, as seen from what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest one, in place of what is held.
    Latest,
    /// The one around a position, in place of what is held.
    Around(u64),
    /// The one before what is held.
    Older,
    /// The one after what is held.
    Newer,
}

impl Page {
    /// Whether it takes the place of what is held.
    const fn replaces(self) -> bool {
        match self {
            Self::Latest | Self::Around(_) => true,
            Self::Older | Self::Newer => false,
        }
    }
}

/// A page that did not come. What was held before is held still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError {
    /// Which one.
    pub page: Page,
    /// Why, as a sentence without its full stop.
    pub why: String,
}

/// Notes that a page came. An error of a page beside another list is none any more.
pub(super) fn came(error: &ArcRwSignal<Option<PageError>>, page: Page) {
    error.maybe_update(|error| {
        let is_over = error.as_ref().is_some_and(|error| page.replaces() || error.page == page);
        if is_over {
            *error = None;
        }
        is_over
    });
}

/// Notes that a page did not come.
pub(super) fn failed(error: &ArcRwSignal<Option<PageError>>, page: Page, why: &HttpError) {
    error.set(Some(PageError { page, why: reason(why) }));
}

/// Why something did not come, as a reader of the list is told.
pub(super) fn reason(error: &HttpError) -> String {
    match error {
        // The browser's own words are for the developer, and in its console.
        HttpError::Network(_) => "no answer from the server".to_owned(),
        HttpError::Token(_) | HttpError::Problem(_) | HttpError::Status(_) | HttpError::Body(_) => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_ends_with_its_own_page_or_with_another_list() {
        let error = ArcRwSignal::new(None);
        failed(&error, Page::Older, &HttpError::Status(502));
        came(&error, Page::Newer);
        assert_eq!(error.get_untracked().map(|error| error.page), Some(Page::Older));
        came(&error, Page::Older);
        assert_eq!(error.get_untracked(), None);
        failed(&error, Page::Newer, &HttpError::Status(502));
        came(&error, Page::Around(7));
        assert_eq!(error.get_untracked(), None);
    }
}
