//! The REST interface as its callers see it.

pub(crate) mod actor;

mod authorisation;
mod document;
mod history;
mod notifications;
mod people;
mod refusals;
mod rooms;
mod search;
mod secrecy;
