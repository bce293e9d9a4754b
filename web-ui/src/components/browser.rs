//! The browser's odds and ends: clock, storage, words for times, focus.

use std::cell::RefCell;

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::state::when::{Ago, DAY_MS, DayLabel, day};

/// Now, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    Date::now() as i64
}

/// How far the reader's zone is east of UTC at a moment, in minutes.
pub(super) fn offset_minutes(at: i64) -> i64 {
    -(Date::new(&JsValue::from_f64(at as f64)).get_timezone_offset() as i64)
}

/// A value of the page's storage; none where storage is blocked.
pub(super) fn stored(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps a value in the page's storage, or drops it. Without storage it lasts as long as the page.
pub(super) fn store(key: &str, value: Option<&str>) {
    let Some(storage) = window().local_storage().ok().flatten() else { return };
    // A full storage keeps what it has; there is nobody to tell that would want to know.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

/// All keys of the page's storage that begin so.
pub(super) fn stored_keys(prefix: &str) -> Vec<String> {
    let Some(storage) = window().local_storage().ok().flatten() else { return Vec::new() };
    let count = storage.length().unwrap_or(0);
    (0..count).filter_map(|at| storage.key(at).ok().flatten()).filter(|key| key.starts_with(prefix)).collect()
}

/// The name that this tab signed in by.
pub(super) fn tab_name() -> Option<String> {
    window().session_storage().ok().flatten()?.get_item("tidings.name").ok().flatten()
}

/// Keeps or drops the name that this tab signed in by.
pub(super) fn set_tab_name(name: Option<&str>) {
    let Some(storage) = window().session_storage().ok().flatten() else { return };
    let _ = match name {
        Some(name) => storage.set_item("tidings.name", name),
        None => storage.remove_item("tidings.name"),
    };
}

/// Whether the page can be seen.
pub(super) fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the main pointer is a fine one, as a mouse is.
pub(super) fn has_pointer() -> bool {
    window().match_media("(pointer: fine)").ok().flatten().is_some_and(|query| query.matches())
}

/// Whether one pane is shown at a time; `shell.css` has the same width.
pub(super) fn one_pane() -> bool {
    window().match_media("(width < 48rem)").ok().flatten().is_some_and(|query| query.matches())
}

/// Makes what was just opened a step of the history, at the same address.
pub(super) fn push_step() {
    // Where the browser refuses it, Back leads on to what was before.
    let _ = window().history().and_then(|history| history.push_state(&JsValue::TRUE, ""));
}

/// Whether the history stands on a step of [`push_step`].
pub(super) fn is_on_step() -> bool {
    window().history().and_then(|history| history.state()).is_ok_and(|state| state.is_truthy())
}

/// Goes back by one step.
pub(super) fn back() {
    let _ = window().history().and_then(|history| history.back());
}

/// Gives the focus to the first element that a selector finds.
pub(super) fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// The element that has the focus.
pub(super) fn focused() -> Option<web_sys::HtmlElement> {
    document().active_element().and_then(|element| element.dyn_into().ok())
}

/// Whether an event came from inside an element.
pub(super) fn is_inside(element: &web_sys::Element, target: Option<web_sys::EventTarget>) -> bool {
    let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    target.is_some_and(|target| element.contains(Some(&target)))
}

/// The time of day.
pub(super) fn time(at: i64) -> String {
    format(at, Format::Time)
}

/// Date and time in full.
pub(super) fn full(at: i64) -> String {
    format(at, Format::Full)
}

/// How long ago, in the fewest letters.
pub(super) fn ago(at: i64, now: i64) -> String {
    Ago::between(at, now).text(|| format(at, Format::ShortDate))
}

/// What a separator says of a day.
pub(super) fn day_name(number: i64) -> String {
    let at = now();
    // Noon is the same day in every zone that is less than twelve hours off; the offset takes care of the rest.
    let noon = number * DAY_MS + DAY_MS / 2;
    let noon = noon - offset_minutes(noon) * 60_000;
    match DayLabel::of(number, day(at, offset_minutes(at))) {
        DayLabel::Today => "Today".to_owned(),
        DayLabel::Yesterday => "Yesterday".to_owned(),
        DayLabel::Weekday => format(noon, Format::Weekday),
        DayLabel::Date => format(noon, Format::Date),
    }
}

#[derive(Clone, Copy)]
enum Format {
    Time,
    ShortDate,
    Weekday,
    Date,
    Full,
}

impl Format {
    const ALL: [Self; 5] = [Self::Time, Self::ShortDate, Self::Weekday, Self::Date, Self::Full];

    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Time => &[("hour", "numeric"), ("minute", "2-digit")],
            Self::ShortDate => &[("day", "numeric"), ("month", "short")],
            Self::Weekday => &[("weekday", "long")],
            Self::Date => &[("weekday", "short"), ("day", "numeric"), ("month", "long"), ("year", "numeric")],
            Self::Full => &[("dateStyle", "full"), ("timeStyle", "short")],
        }
    }

    fn make(self) -> Function {
        let options = Object::new();
        for (name, value) in self.options() {
            let _ = Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value));
        }
        Intl::DateTimeFormat::new(&Array::new(), &options).format()
    }
}

thread_local! {
    // Making a format costs more than using it a hundred times.
    static FORMATS: RefCell<Option<[Function; 5]>> = const { RefCell::new(None) };
}

fn format(at: i64, format: Format) -> String {
    FORMATS.with(|formats| {
        let mut formats = formats.borrow_mut();
        let functions = formats.get_or_insert_with(|| Format::ALL.map(Format::make));
        let date = JsValue::from(Date::new(&JsValue::from_f64(at as f64)));
        let text = functions.get(format as usize).and_then(|f| f.call1(&JsValue::UNDEFINED, &date).ok());
        text.and_then(|text| text.as_string()).unwrap_or_default()
    })
}
