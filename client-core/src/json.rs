//! As much JSON as a session needs: a scanner that finds the fields it steers by, and a writer for what it sends.
//!
//! Derived serde would cost a browser more than the whole session does.

pub(crate) mod scan;
pub(crate) mod write;
