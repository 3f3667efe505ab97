//! tagging.
