//! The record in forms for people.

pub(crate) mod csv;
pub(crate) mod pdf;
