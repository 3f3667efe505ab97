//! The config's words -> how the engine works and what it finishes files with.

use super::exit::{Exit, Failure};
use crate::config::{self, Config, Id3Version, LyricsPlace, Publish, ReplayGain};
use crate::convert;
use crate::engine::{CoverEmbedding, ExtraFiles, Finishing, LyricsWish, Options, SearchOrder};
use crate::ffmpeg::{Ffmpeg, Missing};
use crate::matching::Rules;
use crate::publish::Quarantine;
use crate::tagging::{CoverLimits, Id3};

/// Hits asked of a source in one search: enough for the right one among covers and live
/// versions, few enough for one page of every service.
const HITS_PER_SEARCH: u32 = 50;

/// What becomes of fetched files, by the config.
pub(super) fn finishing(
    config: &Config,
    ffmpeg: &Result<Ffmpeg, Missing>,
) -> Result<Finishing, Failure> {
    let (embedded, beside) = match config.tags.lyrics {
        LyricsPlace::Both => (true, true),
        LyricsPlace::Embedded => (true, false),
        LyricsPlace::Beside => (false, true),
        LyricsPlace::Nowhere => (false, false),
    };
    let convert = config.download.format.map(|encoding| convert::Conversion {
        encoding,
        keep_lossless: config.download.keep_lossless,
    });
    let needed_for = match (convert, config.tags.replaygain) {
        (Some(wish), _) => Some(format!("`download.format: {}`", wish.encoding)),
        (None, ReplayGain::Track) => Some("`tags.replaygain: track`".to_owned()),
        (None, ReplayGain::Album) => Some("`tags.replaygain: album`".to_owned()),
        (None, ReplayGain::None) => None,
    };
    if let (Some(what), Err(missing)) = (needed_for, ffmpeg) {
        return Err(
            Failure::new(Exit::Usage, format!("{what} needs ffmpeg, and {missing}"))
                .with_hint("install it, or name it by `ffmpeg_path` in the config"),
        );
    }
    Ok(Finishing {
        cover_file: config.library.cover_file,
        quality: config.download.quality,
        id3: id3_of(config),
        cover: cover_wish(config),
        together: config.download.publish == Publish::Albums,
        lyrics: LyricsWish { embedded, beside },
        source_comment: config.tags.source_comment,
        replaygain: config.tags.replaygain != ReplayGain::None,
        album_gain: config.tags.replaygain == ReplayGain::Album,
        convert,
        ffmpeg: ffmpeg.as_ref().ok().cloned(),
    })
}

/// Which pictures go into files, by the config.
fn cover_wish(config: &Config) -> CoverEmbedding {
    let tags = &config.tags;
    let limits = CoverLimits {
        most_side: tags.cover_max_size,
        most_bytes: tags.cover_max_bytes,
    };
    match (tags.cover, limits == CoverLimits::default()) {
        (false, _) => CoverEmbedding::Nowhere,
        (true, true) => CoverEmbedding::AsTheyCome,
        (true, false) => CoverEmbedding::Within(limits),
    }
}

/// The version of ID3 that the config asks for.
pub(crate) fn id3_of(config: &Config) -> Id3 {
    match config.tags.id3 {
        Id3Version::V24 => Id3::V24,
        Id3Version::V23 => Id3::V23,
    }
}

/// Where refused files are kept, by the config.
pub(crate) fn quarantine(config: &Config) -> Quarantine {
    let kept = &config.quarantine;
    Quarantine::new(&kept.path, kept.max_size, kept.max_age)
}

/// How the engine is to work, by the config.
pub(crate) fn engine_options(config: &Config) -> Options {
    Options {
        jobs: config.download.jobs,
        rules: Rules {
            accept: config.matching.accept,
            duration_tolerance: config.matching.duration_tolerance,
            quality: config.download.quality,
            aliases: config.matching.aliases.clone(),
        },
        retries: config.download.retries,
        max_wait: config.download.max_wait,
        hits_per_search: HITS_PER_SEARCH,
        search: match config.download.search {
            config::SearchOrder::Priority => SearchOrder::Priority,
            config::SearchOrder::Best => SearchOrder::Best,
        },
        cache_age: config.download.search_cache,
        extra_files: match config.download.extra_files {
            config::ExtraFiles::Discard => ExtraFiles::Discard,
            config::ExtraFiles::Keep => ExtraFiles::Keep,
        },
    }
}
