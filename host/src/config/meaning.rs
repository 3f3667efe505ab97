//! What a config file means by itself: its keys, their ranges and their defaults. What
//! environment and flags say instead is `load`'s.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::aliases;
use super::entries::Entries;
use super::error::{ConfigError, Problem, Report};
use super::file::ConfigFile;
use super::network::{NETWORK, NetworkConfig};
use super::paths::Base;
use super::section::Section;
use super::source::{self, Listed};
use super::tags::{TAGS, TagsConfig};
use super::value::{self, Refusal};
use super::verify::{self, QuarantineSaid, VerifySaid};
use super::wanted::{Wanted, WantedKind};
use super::{
    DownloadConfig, ExtraFiles, Isolation, LayoutTemplates, LimitsConfig, MatchingConfig,
    Overwrite, Publish, SearchOrder,
};
use crate::music::MOST_TARGETS;

pub(super) const TOP: [&str; 18] = [
    "version",
    "songs",
    "albums",
    "artists",
    "playlists",
    "library",
    "download",
    "tags",
    "ffmpeg_path",
    "matching",
    "verify",
    "quarantine",
    "sources",
    "plugins",
    "isolation",
    "state",
    "limits",
    "network",
];
pub(super) const LIBRARY: [&str; 3] = ["path", "cover_file", "layout"];
pub(super) const LAYOUT: [&str; 5] = ["album", "single", "playlist", "playlist_single", "m3u"];
pub(super) const DOWNLOAD: [&str; 15] = [
    "jobs",
    "threads",
    "overwrite",
    "upgrade",
    "retries",
    "max_wait",
    "quality",
    "min_quality",
    "max_quality",
    "search",
    "search_cache",
    "extra_files",
    "publish",
    "format",
    "keep_lossless",
];
pub(super) const MATCHING: [&str; 3] = ["accept", "duration_tolerance", "aliases"];
pub(super) const LIMITS: [&str; 8] = [
    "search_timeout",
    "download_stall",
    "queue_wait",
    "follow_stall",
    "connect_check_timeout",
    "plugin_memory",
    "max_playlist_bytes",
    "max_playlist_rows",
];

/// The sections of the want-list, in the order in which they are worked off.
const WANTED: [(&str, WantedKind); 4] = [
    ("songs", WantedKind::Song),
    ("albums", WantedKind::Album),
    ("artists", WantedKind::Artist),
    ("playlists", WantedKind::Playlist),
];

const JOBS: RangeInclusive<u64> = 1..=64;
const RETRIES: RangeInclusive<u64> = 0..=10;
const MAX_WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 3600);
const SEARCH_CACHE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(24 * 3600);
const TOLERANCE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);
const DEADLINE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
/// Less does not hold a library and its threads.
const PLUGIN_MEMORY: RangeInclusive<u64> = 64 * 1024 * 1024..=1024 * 1024 * 1024 * 1024;
const PLAYLIST_BYTES: RangeInclusive<u64> = 1..=1024 * 1024 * 1024;
const PLAYLIST_ROWS: RangeInclusive<u64> = 1..=10_000_000;

/// The file alone, with defaults where it is silent.
pub(super) struct FromFile {
    pub(super) version: String,
    pub(super) wanted: Vec<Wanted>,
    pub(super) library: Option<PathBuf>,
    pub(super) cover_file: bool,
    pub(super) layout: LayoutTemplates,
    pub(super) download: DownloadConfig,
    pub(super) tags: TagsConfig,
    pub(super) ffmpeg_path: Option<PathBuf>,
    pub(super) matching: MatchingConfig,
    pub(super) verify: VerifySaid,
    pub(super) quarantine: QuarantineSaid,
    pub(super) sources: Vec<Listed>,
    pub(super) plugins: Option<Vec<PathBuf>>,
    pub(super) isolation: Isolation,
    pub(super) state: Option<PathBuf>,
    pub(super) limits: LimitsConfig,
    pub(super) network: NetworkConfig,
}

impl Default for FromFile {
    /// A file that says nothing.
    fn default() -> Self {
        Self {
            version: "1".to_owned(),
            wanted: Vec::new(),
            library: None,
            cover_file: true,
            layout: LayoutTemplates::default(),
            download: DownloadConfig::default(),
            tags: TagsConfig::default(),
            ffmpeg_path: None,
            matching: MatchingConfig::default(),
            verify: VerifySaid::default(),
            quarantine: QuarantineSaid::default(),
            sources: Vec::new(),
            plugins: None,
            isolation: Isolation::Process,
            state: None,
            limits: LimitsConfig::default(),
            network: NetworkConfig::default(),
        }
    }
}

impl FromFile {
    /// Reads the whole file; what is wrong with its words goes to `report`.
    ///
    /// # Errors
    /// When it is no YAML at all.
    pub(super) fn read(
        file: &ConfigFile,
        base: &Base,
        report: &mut Report,
    ) -> Result<Self, ConfigError> {
        let mut top = Section::open(file, "", file.parse()?, &TOP, report);
        let mut said = Self::default();
        set(&mut said.version, top.read("version", report, value::text));
        for (section, kind) in WANTED {
            let entries = Entries {
                file,
                base,
                kind,
                section,
            };
            if let Some(node) = top.take(section) {
                said.wanted.extend(entries.read(node, report));
            }
        }
        said.library(top.below("library", &LIBRARY, report), base, report);
        said.download(top.below("download", &DOWNLOAD, report), report);
        said.tags = TagsConfig::read(top.below("tags", &TAGS, report), report);
        said.ffmpeg_path = top.read("ffmpeg_path", report, |path| base.absolute(path));
        said.matching(top.below("matching", &MATCHING, report), report);
        let section = top.below("verify", &verify::VERIFY, report);
        said.verify = VerifySaid::read(section, report);
        let section = top.below("quarantine", &verify::QUARANTINE, report);
        said.quarantine = QuarantineSaid::read(section, base, report);
        said.limits(top.below("limits", &LIMITS, report), report);
        said.network = NetworkConfig::read(top.below("network", &NETWORK, report), base, report);
        if let Some(node) = top.take("sources") {
            said.sources = source::read(file, node, report);
        }
        said.plugins = top.read_list("plugins", report, |path| base.absolute(path));
        set(
            &mut said.isolation,
            top.read("isolation", report, isolation),
        );
        said.state = top.read("state", report, |path| base.absolute(path));
        Ok(said)
    }

    fn library(&mut self, mut section: Section<'_>, base: &Base, report: &mut Report) {
        if section.has("path") {
            let path = section.read("path", report, |path| base.absolute(path));
            // A bad path is reported as such, and not as a missing one besides.
            self.library = Some(path.unwrap_or_default());
        }
        set(
            &mut self.cover_file,
            section.read("cover_file", report, value::flag),
        );
        let mut layout = section.below("layout", &LAYOUT, report);
        let templates = &mut self.layout;
        for (key, template) in [
            ("album", &mut templates.album),
            ("single", &mut templates.single),
            ("playlist", &mut templates.playlist),
            ("playlist_single", &mut templates.playlist_single),
            ("m3u", &mut templates.m3u),
        ] {
            set(template, layout.read(key, report, value::text));
        }
    }

    fn download(&mut self, mut section: Section<'_>, report: &mut Report) {
        let download = &mut self.download;
        if section.has("jobs") && section.has("threads") {
            let place = section.place_of("threads");
            let message = "`download.threads` is another word for `download.jobs`; say one of them";
            report.add(Problem::new(place, message).key("download.threads"));
        }
        for key in ["threads", "jobs"] {
            set(&mut download.jobs, section.read(key, report, jobs));
        }
        set(
            &mut download.overwrite,
            section.read("overwrite", report, overwrite),
        );
        let upgrade = section.place_of("upgrade");
        set(
            &mut download.upgrade,
            section.read("upgrade", report, value::flag),
        );
        if download.upgrade && !section.has("quality") {
            let message =
                "`download.upgrade` needs `download.quality`: what is there is good enough without";
            report.add(Problem::new(upgrade, message).key("download.upgrade"));
        }
        set(
            &mut download.retries,
            section.read("retries", report, |word| {
                let number = value::whole(RETRIES)(word)?;
                Ok(u32::try_from(number).expect("the range ends at 10"))
            }),
        );
        set(
            &mut download.max_wait,
            section.read("max_wait", report, value::duration(MAX_WAIT)),
        );
        let quality = &mut download.quality;
        if section.has("quality") {
            let place = section.place_of("quality");
            let targets = section.read_list("quality", report, value::quality);
            let targets = targets.unwrap_or_default();
            if targets.len() > MOST_TARGETS {
                let message = format!("`download.quality` has more than {MOST_TARGETS} targets");
                report.add(Problem::new(place, message).key("download.quality"));
            }
            for (place, target) in quality.targets.iter_mut().zip(targets) {
                *place = Some(target);
            }
        }
        quality.floor = section.read("min_quality", report, value::quality);
        quality.ceiling = section.read("max_quality", report, value::quality);
        set(
            &mut download.search,
            section.read("search", report, search_order),
        );
        set(
            &mut download.search_cache,
            section.read("search_cache", report, value::duration(SEARCH_CACHE)),
        );
        set(
            &mut download.extra_files,
            section.read("extra_files", report, extra_files),
        );
        let place = section.place_of("publish");
        set(
            &mut download.publish,
            section.read("publish", report, publish),
        );
        if download.publish == Publish::Albums && download.extra_files == ExtraFiles::Keep {
            let message = "`download.publish: albums` and `download.extra_files: keep` exclude each other: what nobody wanted would be there before what somebody did";
            report.add(Problem::new(place, message).key("download.publish"));
        }
        let format_place = section.place_of("format");
        set(
            &mut download.format,
            section.read("format", report, value::format),
        );
        if download.upgrade && download.format.is_some() {
            let message = "`download.format` and `download.upgrade` exclude each other: what was converted would be fetched again and again";
            report.add(Problem::new(format_place, message).key("download.format"));
        }
        set(
            &mut download.keep_lossless,
            section.read("keep_lossless", report, value::flag),
        );
    }

    fn matching(&mut self, mut section: Section<'_>, report: &mut Report) {
        let matching = &mut self.matching;
        set(
            &mut matching.accept,
            section.read("accept", report, value::share),
        );
        set(
            &mut matching.duration_tolerance,
            section.read("duration_tolerance", report, value::duration(TOLERANCE)),
        );
        set(&mut matching.aliases, aliases::read(&mut section, report));
    }

    fn limits(&mut self, mut section: Section<'_>, report: &mut Report) {
        let limits = &mut self.limits;
        for (key, deadline) in [
            ("search_timeout", &mut limits.search_timeout),
            ("download_stall", &mut limits.download_stall),
            ("queue_wait", &mut limits.queue_wait),
            ("follow_stall", &mut limits.follow_stall),
            ("connect_check_timeout", &mut limits.connect_check_timeout),
        ] {
            set(
                deadline,
                section.read(key, report, value::duration(DEADLINE)),
            );
        }
        set(
            &mut limits.max_playlist_bytes,
            section.read("max_playlist_bytes", report, value::size(PLAYLIST_BYTES)),
        );
        set(
            &mut limits.plugin_memory,
            section.read("plugin_memory", report, plugin_memory),
        );
        set(
            &mut limits.max_playlist_rows,
            section.read("max_playlist_rows", report, value::whole(PLAYLIST_ROWS)),
        );
    }
}

/// A default gives way to what was said.
fn set<T>(value: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *value = said;
    }
}

/// Items worked on at once.
pub(super) fn jobs(word: &str) -> Result<usize, Refusal> {
    let number = value::whole(JOBS)(word)?;
    Ok(usize::try_from(number).expect("the range ends at 64"))
}

fn plugin_memory(word: &str) -> Result<Option<u64>, Refusal> {
    match word {
        "none" => Ok(None),
        _ => value::size(PLUGIN_MEMORY)(word).map(Some),
    }
}

fn isolation(word: &str) -> Result<Isolation, Refusal> {
    match word {
        "process" => Ok(Isolation::Process),
        "none" => Ok(Isolation::None),
        _ => Err(Refusal::one_of(&["process", "none"])),
    }
}

fn extra_files(word: &str) -> Result<ExtraFiles, Refusal> {
    match word {
        "discard" => Ok(ExtraFiles::Discard),
        "keep" => Ok(ExtraFiles::Keep),
        _ => Err(Refusal::one_of(&["discard", "keep"])),
    }
}

fn publish(word: &str) -> Result<Publish, Refusal> {
    match word {
        "tracks" => Ok(Publish::Tracks),
        "albums" => Ok(Publish::Albums),
        _ => Err(Refusal::one_of(&["tracks", "albums"])),
    }
}

fn search_order(word: &str) -> Result<SearchOrder, Refusal> {
    match word {
        "priority" => Ok(SearchOrder::Priority),
        "best" => Ok(SearchOrder::Best),
        _ => Err(Refusal::one_of(&["priority", "best"])),
    }
}

fn overwrite(word: &str) -> Result<Overwrite, Refusal> {
    match word {
        "skip" => Ok(Overwrite::Skip),
        "metadata" => Ok(Overwrite::Metadata),
        "replace" => Ok(Overwrite::Replace),
        _ => Err(Refusal::one_of(&["skip", "metadata", "replace"])),
    }
}
