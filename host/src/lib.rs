//! The map of musicdl, in the order in which a run walks it.
//!
//! 1. [`config`]: what the user asked for and how, from file, environment and flags.
//! 2. [`catalog`]: what those names mean: playlist files (and later services) -> tracks.
//! 3. [`plan`]: every track once, with its memberships, its place and its state.
//! 4. [`engine`]: carries the plan out, one item after the other walks the rest alone.
//! 5. [`plugin`]: where the bytes come from: libraries, the services they get, their calls.
//! 6. [`verify`]: is the file audio, whole, and as long as it should be?
//! 7. [`convert`]: what it becomes, if the user wants another format; [`tagging`]: what is
//!    written into it.
//! 8. [`layout`]: where it goes; [`publish`] alone puts it there.
//! 9. [`state`]: the journal from which the next run goes on.
//!
//! Beside the walk: [`music`] has the nouns all of them share, [`matching`] decides whether
//! a hit is the wanted recording, [`ffmpeg`] starts and ends that program, [`ui`] prints,
//! [`app`] joins the stages to a run, whoever starts it, [`cli`] and [`commands`] are the command
//! line, [`kit`] is what authors of plugins work with.
//! [`text`] makes texts harmless for people, `beneath` opens paths that others may change
//! meanwhile, `whole_file` writes small files.
//!
//! # Files on disk, and who owns them
//!
//! | path | owner |
//! |---|---|
//! | `musicdl.yaml` | the user; read by [`config`] |
//! | `LIBRARY/...` audio, `cover.jpg` | the user; created by [`publish`], replaced only by choice and then recycled |
//! | `LIBRARY/.../NAME.m3u8` | created and rewritten by [`publish`] |
//! | `LIBRARY/.musicdl/` | staging of the run, by [`publish`]; gone when empty |
//! | `LIBRARY/.musicdl/held/` | finished tracks of albums that are not whole yet, by [`publish`]; gone when empty |
//! | `LIBRARY/.musicdl/recycle/` | what gave way to something better, by [`publish`]; emptied by the user |
//! | `STATE/state.db` | the journal, by [`state`] |
//! | `STATE/report.json` | the last run's report, by [`app`]; that of a retry is `retry.json` |
//! | `STATE/.../NAME.part` | what a killed writer left of such a file; the next one uses it up |
//! | `STATE/plugins/NAME.json` | what a plugin keeps, by [`plugin`] |
//! | `STATE/quarantine/` | refused files with their reasons, by [`publish`]; old ones are removed |
//! | `PLUGINS/plugins.lock` | the plugins the user trusts, by [`plugin::trust`] |
//!
//! # Glossary
//!
//! - *wanted*: an entry of the want-list, as asked.
//! - *track*: one recording with its metadata, from a catalog.
//! - *collection*: a playlist, album, artist or the list of songs that wants tracks.
//! - *membership*: that a collection wants a track at a position.
//! - *source*: where bytes come from; a loaded plugin. *catalog*: where metadata comes from.
//! - *library*: the directory of finished music. *hit*: a raw search result.
//! - *candidate*: a hit with its score. *item*: a track of a plan, with its state.
//! - *quarantine*: where refused files are kept for a while.
//! - *attempt*: one item at one source. *placement*: a final path of an item.

pub mod app;
mod beneath;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod config;
pub mod convert;
#[cfg(test)]
#[path = "../tests/support/cpu_time.rs"]
mod cpu_time;
pub mod engine;
pub mod ffmpeg;
pub mod kit;
pub mod layout;
pub mod matching;
pub mod music;
pub mod plan;
pub mod plugin;
pub mod publish;
pub mod state;
pub mod tagging;
pub mod text;
pub mod ui;
pub mod verify;
mod whole_file;
