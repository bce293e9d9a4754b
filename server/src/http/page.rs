//! Query parameters: which page, how much of it, and how to say what is wrong with them.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use tidings_protocol::Code;
use tidings_protocol::limits::{DEFAULT_PAGE, MAX_PAGE};
use utoipa::IntoParams;

use crate::error::Error;
use crate::store::HistoryPage;

/// Numbers on the wire stay below 2^53, so that JavaScript can count them.
const MAX_NUMBER: u64 = 1 << 53;

/// The query of a request, read as `T`.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

/// What can be read from a query.
pub trait FromQuery: Sized {
    /// Takes its parameters; others, such as `token`, are not its business.
    ///
    /// # Errors
    /// `INVALID_FRAME` with the parameter at fault.
    fn from_query(params: &Params) -> Result<Self, Error>;
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: FromQuery,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        T::from_query(&Params::parse(parts.uri.query().unwrap_or_default())).map(Self)
    }
}

/// The decoded parameters of a query.
#[derive(Clone, Debug)]
pub struct Params(Vec<(String, String)>);

impl Params {
    fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter's text; empty counts as absent.
    ///
    /// # Errors
    /// It stands there twice.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(key, value)| key == name && !value.is_empty());
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => Ok(Some(value)),
            (Some(_), Some(_)) => Err(bad(name, "must be given once")),
        }
    }

    /// A parameter of a type that can be read from text.
    ///
    /// # Errors
    /// It cannot be read, or stands there twice.
    pub fn parsed<T>(&self, name: &'static str) -> Result<Option<T>, Error>
    where
        T: FromStr<Err: Display>,
    {
        let parse = |text: &str| text.parse().map_err(|error: T::Err| bad(name, error.to_string()));
        self.text(name)?.map(parse).transpose()
    }

    /// A position: a whole number below 2^53.
    ///
    /// # Errors
    /// It is something else, or stands there twice.
    pub fn number(&self, name: &'static str) -> Result<Option<u64>, Error> {
        let parse = |text: &str| match text.parse::<u64>() {
            Ok(number) if number < MAX_NUMBER => Ok(number),
            Ok(_) | Err(_) => Err(bad(name, "must be a whole number from 0 to 2^53 - 1")),
        };
        self.text(name)?.map(parse).transpose()
    }

    /// `true` or `false`; absent is false.
    ///
    /// # Errors
    /// It is something else, or stands there twice.
    pub fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.text(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(bad(name, "must be true or false")),
        }
    }

    /// How many items are wanted; more than a page holds is a full page.
    ///
    /// # Errors
    /// It is no number, 0, or stands there twice.
    pub fn limit(&self, default: u32) -> Result<u32, Error> {
        match self.number("limit")? {
            None => Ok(default),
            Some(0) => Err(bad("limit", "must be at least 1")),
            Some(limit) => Ok(u32::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE)),
        }
    }
}

/// Which page of a log that is read in both directions.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SeqPage {
    /// The newest messages below this `seq`; not together with `after`.
    #[param(minimum = 0, maximum = 9007199254740991_u64)]
    pub before: Option<u64>,
    /// The oldest messages above this `seq`; without either, the newest.
    #[param(minimum = 0, maximum = 9007199254740991_u64)]
    pub after: Option<u64>,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 50)]
    pub limit: u32,
}

impl SeqPage {
    /// The page as the store knows it.
    #[must_use]
    pub const fn page(&self) -> HistoryPage {
        match (self.before, self.after) {
            (Some(before), _) => HistoryPage::Before(before),
            (None, Some(after)) => HistoryPage::After(after),
            (None, None) => HistoryPage::Newest,
        }
    }
}

impl FromQuery for SeqPage {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let (before, after) = (params.number("before")?, params.number("after")?);
        if before.is_some() && after.is_some() {
            return Err(bad("after", "must not be given together with before"));
        }
        Ok(Self { before, after, limit: params.limit(DEFAULT_PAGE)? })
    }
}

/// A query parameter at fault.
pub fn bad(name: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidFrame).field(name).detail(detail)
}

/// A page of at most `limit` items out of what was read, one item past the page telling that more follow.
#[must_use]
pub fn cut<T>(mut items: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = limit as usize;
    let has_more = items.len() > limit;
    items.truncate(limit);
    (items, has_more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<SeqPage, String> {
        SeqPage::from_query(&Params::parse(query)).map_err(|e| e.to_problem(None).detail.unwrap_or_default())
    }

    #[test]
    fn a_page_is_clamped_above_and_refused_below() {
        assert_eq!(page("").unwrap().limit, DEFAULT_PAGE);
        assert_eq!(page("limit=99999999999").unwrap().limit, MAX_PAGE);
        assert_eq!(page("limit=0").unwrap_err(), "limit: must be at least 1");
        assert!(page("limit=-1").unwrap_err().starts_with("limit: "));
        assert!(page("limit=1.5").unwrap_err().starts_with("limit: "));
    }

    #[test]
    fn a_position_is_one_number_in_one_direction() {
        assert_eq!(page("before=7&token=x").unwrap().page(), HistoryPage::Before(7));
        assert_eq!(page("after=0").unwrap().page(), HistoryPage::After(0));
        assert_eq!(page("before=&after=3").unwrap().page(), HistoryPage::After(3));
        assert!(page("before=1&after=1").unwrap_err().starts_with("after: "));
        assert_eq!(page("before=1&before=2").unwrap_err(), "before: must be given once");
        assert!(page("before=9007199254740992").unwrap_err().starts_with("before: "));
    }
}
