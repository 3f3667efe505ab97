//! Sites for yt-dlp, behind a proxy that answers for all of them.

#![allow(dead_code, reason = "no test program needs all of it")]

#[path = "../../../plugins/youtube/tests/site/pages.rs"]
pub(crate) mod pages;
#[path = "../../../plugins/shared/ytdlp/tests/support/mod.rs"]
pub(crate) mod support;
