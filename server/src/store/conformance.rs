//! What every driver promises, one sentence a case.

pub(crate) mod kit;
mod model;
pub(crate) mod observe;
