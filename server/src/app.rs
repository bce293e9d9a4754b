//! The only place that composes.
