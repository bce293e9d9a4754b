//! Lists come in pages: which of them was asked for, and what became of it.

use std::time::Duration;

use ::leptos::prelude::*;

use crate::http::HttpError;

/// The first wait before something is asked for again, and the longest.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LAST_RETRY: Duration = Duration::from_secs(30);

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
    // What takes the place of all is asked for first.
    let is_less = |error: &PageError| error.page.replaces() && !page.replaces();
    if !error.with_untracked(|error| error.as_ref().is_some_and(is_less)) {
        error.set(Some(PageError { page, why: reason(why) }));
    }
}

/// When to ask again without being told to: where the server could not answer for now, as soon as it says, and later with
/// each try that fails. Where no answer came at all, the connection is lost too, and asks again when it is back.
pub(super) fn retry_in(error: &HttpError, tries: u32) -> Option<Duration> {
    let (status, told) = match error {
        HttpError::Problem(problem) => (problem.status, problem.retry_after_ms),
        HttpError::Status(status) => (*status, None),
        HttpError::Network(_) | HttpError::Token(_) | HttpError::Body(_) => return None,
    };
    let own = FIRST_RETRY.saturating_mul(1 << tries.min(8)).min(LAST_RETRY);
    (status == 429 || status >= 500).then(|| own.max(Duration::from_millis(told.unwrap_or(0))))
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
        failed(&error, Page::Latest, &HttpError::Status(502));
        failed(&error, Page::Older, &HttpError::Status(502));
        came(&error, Page::Older);
        assert_eq!(error.get_untracked().map(|error| error.page), Some(Page::Latest));
        came(&error, Page::Around(7));
        assert_eq!(error.get_untracked(), None);
    }

    #[test]
    fn who_cannot_answer_for_now_is_asked_again_later_with_each_try_and_nobody_else_is() {
        let seconds = |error: &HttpError, tries| retry_in(error, tries).map(|wait| wait.as_secs());
        let busy = HttpError::Status(503);
        assert_eq!([0, 1, 4, 40].map(|tries| seconds(&busy, tries)), [Some(2), Some(4), Some(30), Some(30)]);
        assert_eq!(seconds(&HttpError::Status(404), 0), None);
        assert_eq!(seconds(&HttpError::Network("gone".into()), 0), None);
        let told = serde_json::json!({
            "type": "about:blank", "title": "", "status": 429, "code": "RATE_LIMITED", "retryAfterMs": 7_000,
        });
        let told = HttpError::Problem(Box::new(serde_json::from_value(told).unwrap()));
        assert_eq!(seconds(&told, 0), Some(7));
    }
}
