//! What the user asked for, and how: one checked [`Config`] from defaults, config file,
//! environment and flags, each stronger than the one before.
//!
//! Decides what the words of the user mean. Leaves to others what a link leads to (catalog),
//! what a template does (layout), what a plugin is (plugin) and how an error is printed (ui).
//!
//! # The config file
//!
//! `musicdl.yaml` (or `musicdl.yml`) in the current directory, or the file named by
//! `--config` or `MUSICDL_CONFIG`. Every key may be left out; `examples/musicdl.yaml` shows
//! all of them. Relative paths are relative to the file's directory, `~/` is the home
//! directory.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `version` | the user's own mark of this config, kept in plans | `1` |
//! | `songs` `albums` `artists` `playlists` | lists of what is wanted, see below | empty |
//! | `library.path` | where the music goes | none: here, by `--library` or `MUSICDL_LIBRARY` |
//! | `library.cover_file` | whether `cover.jpg` is put beside the audio | `true` |
//! | `library.layout.album` | path of an album's track, without ending | `{albumartist}/{albumartist} - {album}/[{track} - ]{title}` |
//! | `library.layout.single` | path of a track without album | `{artist}/{artist} - {title}/{title}` |
//! | `library.layout.playlist` | path of an album's track in a playlist's folder | `{playlist}/{albumartist}/{albumartist} - {album}/[{track} - ]{title}` |
//! | `library.layout.playlist_single` | the same without album | `{playlist}/{artist}/{artist} - {title}/{title}` |
//! | `library.layout.m3u` | path of a playlist's M3U file, without ending | `{playlist}/{playlist}` |
//! | `download.jobs` (or `threads`) | items worked on at once, 1 to 64; 1 is one after the other | `4` |
//! | `download.overwrite` | what happens to a file that is there: `skip`; `metadata`: its tags are written anew where the catalog knows more; `replace`: it is fetched again. What gives way goes to `.musicdl/recycle` in the library | `skip` |
//! | `download.upgrade` | whether a file that is below the first of `download.quality` is fetched again, and gives way to a better one | `false` |
//! | `download.retries` | further tries of one source after a temporary failure, 0 to 10 | `2` |
//! | `download.max_wait` | longest wait a service may ask for, 0s to 24h | `60s` |
//! | `download.quality` | wanted qualities in order, up to 8: `flac 24/96`, `flac`, `lossless`, `mp3 320`, `lossy 192`; what meets none comes after | lossless first, then more before less |
//! | `download.min_quality` | what is known to be less is not taken | none |
//! | `download.max_quality` | what is known to be more comes last | none |
//! | `download.search` | `priority`: sources are asked one after the other and the first that delivers decides; `best`: all are asked at once | `priority` |
//! | `download.search_cache` | for how long an answer to a search is good, 0s to 24h | `12h` |
//! | `download.extra_files` | what becomes of an album's files that nobody wanted, from sources of whole albums: `discard` or `keep` | `discard` |
//! | `download.format` | what files become: `keep`, or `mp3 320`, `opus 160`, `aac 256`, `vorbis 192`, `flac`, `alac`, by ffmpeg. Lossy files never become lossless or larger | `keep` |
//! | `download.keep_lossless` | whether lossless files are kept from that | `false` |
//! | `download.publish` | what gets its place in the library at once: `tracks`: each file when it is finished; `albums`: finished tracks of an album wait in `.musicdl/held` of the library until all wanted ones are ready or there. An album that lacks one is told, and what waits stays for the next run, which does not fetch it again | `tracks` |
//! | `tags.id3` | version of ID3 in MP3, WAV, AIFF and AAC: `2.4` or `2.3` | `2.4` |
//! | `tags.lyrics` | where lyrics go that a source has: `both`, `embedded`, `file` (`.lrc`, if they have times), `none` | `both` |
//! | `tags.cover` | whether files have pictures in them: `true`; `false` (or `none`): those that they have are taken out. `library.cover_file` is another matter | `true` |
//! | `tags.cover_max_size`, `tags.cover_max_bytes` | longer side of a picture in a file in pixels, 64 to 20000; its size, 4KiB to 20MiB. A cover that is larger is made smaller by ffmpeg, or left out of the file with a word; beside the audio it stays what it is | `none` |
//! | `tags.source_comment` | whether a comment names the source | `false` |
//! | `tags.replaygain` | whose loudness is measured, by ffmpeg, and written: `none`, `track` (or `true`), `album`: of each track, and of each album once all of its wanted tracks are there, also into those that were there before | `none` |
//! | `ffmpeg_path` | the ffmpeg that converts and measures, and decodes Opus and HE-AAC | the first in `PATH` |
//! | `matching.accept` | confidence from which a hit is the wanted recording, 0 to 1 | `0.8` |
//! | `matching.duration_tolerance` | allowed difference in length, 0s to 60s | `3s` |
//! | `matching.aliases` | other names of artists, each or a list below the name: `{Prince: [The Artist, Love Symbol]}`. All names of one artist are the same to every comparison | those musicdl knows by itself |
//! | `verify.fake_lossless` | lossless files whose sound ends where lossy encoders cut: `report` or `refuse` | `report` |
//! | `verify.broken_claims` | lossy audio where the source promised lossless, and far fewer bits than promised: `refuse` or `report` | `refuse` |
//! | `verify.acoustid` | files that AcoustID knows as another recording: `refuse` or `report` | `refuse` |
//! | `verify.acoustid_key` | your own key of AcoustID; without one nobody is asked. Also `acoustid_key_file`, `acoustid_key_command` | none |
//! | `verify.acoustid_url` | where AcoustID is | `https://api.acoustid.org` |
//! | `quarantine.path` | where refused files are kept | `quarantine` in the state directory |
//! | `quarantine.max_size` | most bytes kept, 0 (nothing is kept) to 1 TiB | `1GiB` |
//! | `quarantine.max_age` | longest time a file is kept, 1h to 8760h | `720h` |
//! | `sources` | sources in order of preference with their settings, see below | all loaded plugins |
//! | `plugins` | directories of plugins | none |
//! | `isolation` | `process`: each plugin in a process of its own; `none`: all in this one, for debugging a plugin | `process` |
//! | `state` | directory of the journal | `.musicdl` beside the config, or in the current directory without one |
//! | `limits.search_timeout` | longest search at one source, 1s to 1h | `60s` |
//! | `limits.download_stall` | longest download without a sign of life, 1s to 1h | `60s` |
//! | `limits.queue_wait` | longest stay in the queue of a service that downloads by itself, 1s to 1h | `90s` |
//! | `limits.follow_stall` | longest download of such a service without a byte, 1s to 1h | `180s` |
//! | `limits.connect_check_timeout` | longest probe of a source, 1s to 1h | `15s` |
//! | `limits.plugin_memory` | address space of a plugin's process and of each program it starts, 64MiB to 1TiB | `none` |
//! | `limits.max_playlist_bytes` | largest playlist file, 1 to 1GiB | `256MiB` |
//! | `limits.max_playlist_rows` | longest playlist file, 1 to 10000000 | `1000000` |
//! | `network.proxy` | `none`, or the URL of an http, https or socks5 proxy | `system`: that of the environment |
//! | `network.ca_file` | certificates (PEM) trusted beside the system's | none |
//! | `network.user_agent` | what requests say they are from | `musicdl/VERSION` |
//! | `network.allow_hosts` | what plugins may reach at home beside the servers in their settings: `HOST` or `HOST:PORT` | none |
//! | `network.connect_timeout` | longest wait for a connection, 1s to 1h | `10s` |
//! | `network.first_byte_timeout` | longest wait for an answer to begin, where the source gives its request no time of its own, 1s to 1h | `30s` |
//! | `network.stall_timeout` | longest silence within an answer, 1s to 1h | `60s` |
//!
//! Times have a unit (`500ms`, `60s`, `5m`, `1h`); sizes are bytes or have one (`64KiB`,
//! `256MiB`, `1GiB`).
//!
//! ## What is wanted
//!
//! An entry is a link (`https://...` or `spotify:track:...`), a playlist file (starts with
//! `./`, `../`, `/` or `~/`, or ends in .csv .m3u .m3u8 .txt .xspf .jspf .json .pls .xml) or
//! words (`Ann Example - Bluebird`; not for playlists). It takes one of three forms, which a
//! list may mix:
//!
//! ```yaml
//! albums:
//!   - https://open.spotify.com/album/...      # the entry alone
//!   - First Album: ./first-album.csv          # with a name; link or file
//!   - name: Second Album                      # written out
//!     url: https://open.spotify.com/album/... # or `file: ./second-album.csv`
//!     create_m3u: true                        # default: for playlists yes, else no
//!     layout: library                         # library, playlist, or a template with `{`
//! ```
//!
//! A whole section may also be a map from names to links or files.
//!
//! ## Sources
//!
//! ```yaml
//! sources:
//!   - folder:                   # the plugin's name, its settings below
//!       paths: [./mine]
//!   - subsonic:
//!       url: http://127.0.0.1:4040
//!       username: alice
//!       password_file: ./pw     # or `password`, or `password_command: pass show music`
//!       enabled: true           # default true
//!       concurrency: 2          # downloads at once, 1 to 64; default: as the plugin declares
//!       search_concurrency: 1   # searches at once, 1 to 64; default: as the plugin declares
//!       search_spacing: 1s      # from search to search, 0s to 1h; default: as the plugin declares
//!       download_spacing: 3s    # from download to download, the same
//!       search_window: 34/220s  # searches in a time of 1s to 24h; default: as the plugin declares
//!   - youtube                   # no settings
//! ```
//!
//! Loaded plugins that are not listed follow after those that are. `musicdl plugins` tells
//! which settings a plugin has.
//!
//! # The environment
//!
//! | variable | instead of |
//! |---|---|
//! | `MUSICDL_CONFIG` | `--config` |
//! | `MUSICDL_LIBRARY` | `library.path` |
//! | `MUSICDL_STATE` | `state` |
//! | `MUSICDL_PLUGINS` | `plugins`, separated as in `PATH` |
//! | `MUSICDL_JOBS` | `download.jobs` |
//! | `MUSICDL_ACOUSTID_KEY` | `verify.acoustid_key`; also with `_FILE` or `_COMMAND` behind it |
//! | `MUSICDL_SOURCES_<NAME>_<KEY>` | a setting of a source; secrets also with `_FILE` or `_COMMAND` behind the key. Lists: paths separated as in `PATH`, other values by commas |
//!
//! An empty variable counts as not set. Paths in variables and flags are relative to the
//! current directory.

mod aliases;
mod entries;
mod error;
mod excerpt;
mod file;
mod inputs;
mod load;
mod meaning;
mod nearest;
mod network;
mod paths;
mod secret;
mod section;
mod source;
mod tags;
mod value;
mod verify;
pub mod wanted;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::matching::{ACCEPT, Aliases};
use crate::music::{Encoding, QualityPreference, SourceName};

pub use error::{ConfigError, Line, Place, Problem};
pub use inputs::{Flags, Inputs};
pub use load::{load, load_without_library};
pub use network::{NetworkConfig, ProxyChoice};
pub use secret::Secret;
pub use source::{PaceConfig, ResolvedSettings, SourceConfig};
pub use tags::{Id3Version, LyricsPlace, ReplayGain, TagsConfig};
pub use verify::{AcoustIdConfig, Policy, QuarantineConfig, VerifyConfig};
pub use wanted::{EntryLayout, Wanted, WantedInput, WantedKind};

/// A checked configuration. Every path in it is absolute.
#[derive(Clone, Debug)]
pub struct Config {
    /// The config file; `None`: there was none.
    pub file: Option<PathBuf>,
    /// The user's own mark of the config, `1` unless said.
    pub version: String,
    /// What is wanted: songs, then albums, artists, playlists, each in the order of the file,
    /// then the playlists of the command line.
    pub wanted: Vec<Wanted>,
    /// Where the music goes.
    pub library: LibraryConfig,
    /// How the work is done.
    pub download: DownloadConfig,
    /// What is written into files.
    pub tags: TagsConfig,
    /// The ffmpeg that converts and measures; `None`: the first in `PATH`.
    pub ffmpeg_path: Option<PathBuf>,
    /// When a hit is the wanted recording.
    pub matching: MatchingConfig,
    /// What of a delivered file is refused, and what reported.
    pub verify: VerifyConfig,
    /// What becomes of refused files.
    pub quarantine: QuarantineConfig,
    /// The listed sources, in order of preference, also those that are switched off.
    pub sources: Vec<SourceConfig>,
    /// Directories of plugins; may be empty.
    pub plugins: Vec<PathBuf>,
    /// Where plugins run.
    pub isolation: Isolation,
    /// Directory of the journal.
    pub state: PathBuf,
    /// Deadlines and sizes.
    pub limits: LimitsConfig,
    /// Proxy, trust, hosts at home, time limits.
    pub network: NetworkConfig,
    /// What was ignored: one sentence each.
    pub warnings: Vec<String>,
    around: Arc<source::Around>,
}

impl Config {
    /// What the user configured for a source: the listed entry, or, for a plugin that is not
    /// listed, one that has what the environment says.
    pub fn source(&self, name: &SourceName) -> SourceConfig {
        let listed = self.sources.iter().find(|source| source.name == *name);
        listed
            .cloned()
            .unwrap_or_else(|| SourceConfig::unlisted(name.clone(), Arc::clone(&self.around)))
    }

    /// One sentence for each variable that is named like a setting of a source, and belongs
    /// neither to one of those nor to one that the config lists.
    pub fn stray_variables<'a>(&self, loaded: impl Iterator<Item = &'a SourceName>) -> Vec<String> {
        self.around.stray_variables(loaded)
    }
}

/// Where plugins run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Each in a process of its own; one that crashes costs the others nothing.
    Process,
    /// All in musicdl's own process, for debugging a plugin.
    None,
}

/// Where the music goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryConfig {
    /// The directory.
    pub path: PathBuf,
    /// Whether `cover.jpg` is put beside the audio. Default `true`.
    pub cover_file: bool,
    /// The paths below it.
    pub layout: LayoutTemplates,
}

/// Templates of paths below the library, without file ending; as text, which the layout reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutTemplates {
    /// Of a track with an album.
    pub album: String,
    /// Of a track without album.
    pub single: String,
    /// Of a track with an album, in a playlist's folder.
    pub playlist: String,
    /// Of a track without album, in a playlist's folder.
    pub playlist_single: String,
    /// Of the M3U file.
    pub m3u: String,
}

impl Default for LayoutTemplates {
    fn default() -> Self {
        Self {
            album: "{albumartist}/{albumartist} - {album}/[{track} - ]{title}".to_owned(),
            single: "{artist}/{artist} - {title}/{title}".to_owned(),
            playlist: "{playlist}/{albumartist}/{albumartist} - {album}/[{track} - ]{title}"
                .to_owned(),
            playlist_single: "{playlist}/{artist}/{artist} - {title}/{title}".to_owned(),
            m3u: "{playlist}/{playlist}".to_owned(),
        }
    }
}

/// How the work is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadConfig {
    /// Items worked on at once, 1 to 64; 1 is one after the other. Default 4.
    pub jobs: usize,
    /// What happens to a file that is already there.
    pub overwrite: Overwrite,
    /// Whether a file that is below the first wanted quality gives way to a better one.
    pub upgrade: bool,
    /// Further tries of one source after a temporary failure, 0 to 10. Default 2.
    pub retries: u32,
    /// The longest wait a service may ask for that is waited out, 0 s to 24 h. Default 60 s.
    pub max_wait: Duration,
    /// Which quality is preferred. Default: lossless first, then more before less.
    pub quality: QualityPreference,
    /// In which order sources are asked.
    pub search: SearchOrder,
    /// For how long an answer to a search is good, 0 s to 24 h. Default 12 h: a target is good
    /// for a day, and some of that is left for the download.
    pub search_cache: Duration,
    /// What becomes of an album's files that nobody wanted.
    pub extra_files: ExtraFiles,
    /// What gets its place in the library at once. Default each track.
    pub publish: Publish,
    /// The format that files are converted to; `None`: they stay what they are.
    pub format: Option<Encoding>,
    /// Whether lossless files are kept from being converted.
    pub keep_lossless: bool,
}

impl Default for DownloadConfig {
    fn default() -> Self {
        Self {
            jobs: 4,
            overwrite: Overwrite::Skip,
            upgrade: false,
            retries: 2,
            max_wait: Duration::from_secs(60),
            quality: QualityPreference::default(),
            search: SearchOrder::Priority,
            search_cache: Duration::from_secs(12 * 3600),
            extra_files: ExtraFiles::Discard,
            publish: Publish::Tracks,
            format: None,
            keep_lossless: false,
        }
    }
}

/// What becomes of files that came with an album and that nobody wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraFiles {
    /// They are not kept.
    Discard,
    /// They go beside the others of their album.
    Keep,
}

/// What gets its place in the library at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// Each track, when it is finished.
    Tracks,
    /// All wanted tracks of an album, when the last one is ready.
    Albums,
}

/// In which order sources are asked for a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchOrder {
    /// One after the other; the first that delivers decides.
    Priority,
    /// All at once; the best of everything they found.
    Best,
}

/// What happens to a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays as it is, and the item counts as done.
    Skip,
    /// Its tags are written anew where the catalog knows more.
    Metadata,
    /// It is fetched again.
    Replace,
}

/// When a hit is the wanted recording.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchingConfig {
    /// The confidence from which it is, 0 to 1. Default 0.8.
    pub accept: f64,
    /// The allowed difference in length, 0 s to 60 s. Default 3 s.
    pub duration_tolerance: Duration,
    /// Artists with several names, beside those that musicdl knows by itself. Default none.
    pub aliases: Aliases,
}

impl Default for MatchingConfig {
    fn default() -> Self {
        Self {
            accept: ACCEPT,
            duration_tolerance: Duration::from_secs(3),
            aliases: Aliases::default(),
        }
    }
}

/// Deadlines and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Longest search at one source, 1 s to 1 h. Default 60 s.
    pub search_timeout: Duration,
    /// Longest download without a sign of life, 1 s to 1 h. Default 60 s.
    pub download_stall: Duration,
    /// Longest stay in the queue of a service that downloads by itself, 1 s to 1 h.
    /// Default 90 s.
    pub queue_wait: Duration,
    /// Longest download of such a service without a byte, 1 s to 1 h. Default 180 s.
    pub follow_stall: Duration,
    /// Longest probe of a source, 1 s to 1 h. Default 15 s.
    pub connect_check_timeout: Duration,
    /// Address space of a plugin's process and of each program it starts in bytes, 64 MiB to
    /// 1 TiB. Default none: no limit.
    pub plugin_memory: Option<u64>,
    /// Largest playlist file in bytes, 1 to 1 GiB. Default 256 MiB.
    pub max_playlist_bytes: u64,
    /// Longest playlist file in rows, 1 to 10 million. Default 1 million.
    pub max_playlist_rows: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            search_timeout: Duration::from_secs(60),
            download_stall: Duration::from_secs(60),
            queue_wait: Duration::from_secs(90),
            follow_stall: Duration::from_secs(180),
            connect_check_timeout: Duration::from_secs(15),
            plugin_memory: None,
            max_playlist_bytes: 256 * 1024 * 1024,
            max_playlist_rows: 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests;
