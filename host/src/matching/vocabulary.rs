//! What the words around a title mean: another version, the same recording in another print,
//! or nothing at all. Whether a word stands around a title or belongs to it is decided by
//! whoever asks.

use serde::Serialize;

/// In which way a recording is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// On a stage or in a studio of a radio station.
    Live,
    /// With other instruments: acoustic, piano, orchestra.
    Arrangement,
    /// Remixed, mashed up, dubbed.
    Mix,
    /// Shorter or longer: radio edit, extended, TV size.
    Cut,
    /// Without the voice: instrumental, karaoke, backing track.
    WithoutVoice,
    /// Only the voice.
    VoiceOnly,
    /// At another speed or through an effect: sped up, slowed, nightcore, 8D.
    Effect,
    /// Somebody else plays it: cover, tribute, parody.
    Cover,
    /// On the way to the song: demo, rehearsal, outtake, alternate take.
    Draft,
    /// Recorded again by the same people.
    Again,
    /// About the song, or a piece of it: commentary, reaction, lesson, interlude, reprise.
    Beside,
    /// Several songs, or one again and again: medley, loop, full album.
    Strung,
    /// A version that only has a name: `French Version`.
    Named,
}

/// What one word around a title says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Another recording.
    Version(Version),
    /// The same recording, printed again: remaster, mono, deluxe, album version.
    Print,
    /// Explicit (`true`) or clean.
    Explicit(bool),
    /// How an upload calls itself: official video, lyrics, HD.
    Upload,
    /// Joins other words.
    Filler,
}

/// The meaning of a normalised word behind `before`; `None` for words of every day.
pub(super) fn meaning(before: &str, word: &str) -> Option<Meaning> {
    use Version::{
        Again, Arrangement, Beside, Cover, Cut, Draft, Effect, Live, Mix, Named, Strung, VoiceOnly,
        WithoutVoice,
    };
    let version = match word {
        "live" | "concert" | "concerto" | "vivo" | "directo" | "unplugged" | "session"
        | "sessions" | "ライブ" | "라이브" | "концерт" | "живьем" | "现场" | "现场版" | "現場"
        | "現場版" => Live,
        "acoustic"
        | "acoustique"
        | "acustico"
        | "acustica"
        | "akustik"
        | "акустика"
        | "stripped"
        | "piano"
        | "orchestral"
        | "symphonic"
        | "orchestra"
        | "strings"
        | "guitar"
        | "fingerstyle"
        | "ukulele"
        | "violin"
        | "cello"
        | "drum"
        | "drums"
        | "solo"
        | "lullaby"
        | "アコースティック"
        | "어쿠스틱" => Arrangement,
        "remix" | "remixed" | "remixes" | "rmx" | "mix" | "rework" | "reworked" | "bootleg"
        | "mashup" | "vip" | "dub" | "techno" | "house" | "refix" | "flip" | "ремикс"
        | "リミックス" | "리믹스" | "混音" => Mix,
        "edit" | "extended" | "size" => Cut,
        "instrumental"
        | "instrumentals"
        | "inst"
        | "karaoke"
        | "backing"
        | "drumless"
        | "минус"
        | "караоке"
        | "カラオケ"
        | "インスト"
        | "インストゥルメンタル"
        | "노래방"
        | "伴奏"
        | "纯音乐" => WithoutVoice,
        "vocal" if before == "off" => WithoutVoice,
        "acapella" | "acappella" | "cappella" | "capella" => VoiceOnly,
        "slowed" | "sped" | "reverb" | "nightcore" | "daycore" | "8d" | "16d" | "boosted"
        | "chipmunk" | "lofi" | "chopped" | "screwed" | "fast" | "slow" => Effect,
        "cover" | "covered" | "tribute" | "parody" | "кавер" | "翻唱" | "カバー" | "커버"
        | "originally" | "rendition" => Cover,
        "fi" if before == "lo" => Effect,
        "style" if before == "the" => Cover,
        "popular" | "famous" if before == "made" => Cover,
        "box" if before == "music" => Cover,
        "beat" if before == "type" => Cover,
        "demo" | "demos" | "rehearsal" | "rehearsals" | "outtake" | "outtakes" | "alternate"
        | "alternative" | "take" | "early" | "rough" | "демо" | "デモ" | "데모" => Draft,
        "rerecorded" | "rerecording" => Again,
        "recorded" | "recording" if matches!(before, "re" | "new") => Again,
        "commentary" | "reaction" | "lesson" | "tutorial" | "interlude" | "reprise" | "skit"
        | "outro" | "intro" | "trailer" | "preview" | "teaser" | "snippet" | "ringtone"
        | "interview" => Beside,
        "medley" | "megamix" | "loop" | "looped" | "hour" | "hours" => Strung,
        "album" if before == "full" => Strung,
        "version" | "ver" | "versión" | "versao" | "versione" | "fassung" => Named,
        _ => return other_meaning(before, word),
    };
    Some(Meaning::Version(version))
}

fn other_meaning(before: &str, word: &str) -> Option<Meaning> {
    Some(match word {
        "remaster" | "remastered" | "remastering" | "remasterizado" | "remasterizada"
        | "remasterise" | "remasterisee" | "remasterizzato" | "mono" | "stereo" | "bonus"
        | "deluxe" | "anniversary" | "edition" | "digitally" | "dolby" | "atmos" | "bit"
        | "soundtrack" | "ost" | "theme" | "ремастер" | "リマスター" | "리마스터" => {
            Meaning::Print
        }
        "track" if before == "bonus" => Meaning::Print,
        "explicit" | "uncensored" | "dirty" => Meaning::Explicit(true),
        "clean" | "censored" => Meaning::Explicit(false),
        "official" | "video" | "videoclip" | "clip" | "audio" | "lyric" | "lyrics" | "letra"
        | "visualizer" | "visualiser" | "hd" | "hq" | "4k" | "uhd" | "720p" | "1080p" | "2160p"
        | "mv" | "vevo" | "topic" | "music" | "full" | "song" | "free" | "hi" | "res" | "flac"
        | "320" | "320kbps" => Meaning::Upload,
        "the" | "a" | "an" | "and" | "n" => Meaning::Filler,
        _ => return None,
    })
}

/// Words that with `version` or `mix` behind them name the song as everybody knows it.
pub(super) fn names_the_usual_version(before: &str) -> bool {
    matches!(
        before,
        "album"
            | "single"
            | "original"
            | "lp"
            | "explicit"
            | "clean"
            | "mono"
            | "stereo"
            | "main"
            | "standard"
            | "remastered"
            | "remaster"
            | "full"
    )
}

/// Words a version may have behind it on one side only: `Acoustic` is `Acoustic Version`.
pub(super) fn repeats_version(word: &str) -> bool {
    matches!(
        word,
        "version" | "ver" | "mix" | "recording" | "audio" | "up" | "down" | "take"
    )
}

/// Which versions an album is by its name. A word alone is not enough where it is a word of
/// every day: `Live in Leeds` is one, `Live Through This` is none.
pub(super) fn versions_of_album(
    words: &[&str],
    artist: &[&str],
    in_brackets: &[&str],
) -> Vec<Version> {
    use Version::{Again, Arrangement, Beside, Cover, Draft, Effect, Live, Mix, WithoutVoice};
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| words[at]);
        let next = words.get(at + 1).copied().unwrap_or("");
        let last = at + 1 == words.len();
        match *word {
            "live" => {
                let leads = matches!(next, "at" | "in" | "from" | "on" | "aid" | "and" | "album")
                    || (next.len() == 4 && next.bytes().all(|b| b.is_ascii_digit()));
                let trails = last && (at == 0 || artist.contains(&before));
                if leads || trails || in_brackets.contains(word) {
                    found.push(Live);
                }
            }
            "concert" | "ライブ" | "концерт" | "концерте" | "라이브" => {
                found.push(Live)
            }
            "vivo" if matches!(before, "en" | "ao" | "dal") => found.push(Live),
            "directo" if before == "en" => found.push(Live),
            "unplugged" => found.extend([Live, Arrangement]),
            "sessions" | "session" if matches!(before, "bbc" | "peel" | "radio") => {
                found.push(Live)
            }
            "bbc" if before == "the" => found.push(Live),
            "acoustic"
                if last
                    || in_brackets.contains(word)
                    || matches!(next, "version" | "versions" | "sessions" | "album" | "ep") =>
            {
                found.push(Arrangement);
            }
            "remixes" | "remixed" => found.push(Mix),
            "remix" if last || in_brackets.contains(word) => found.push(Mix),
            "karaoke" | "カラオケ大全集" | "instrumentals" => found.push(WithoutVoice),
            "lullaby" | "lullabies" | "tribute" | "tributes" => found.push(Cover),
            "nightcore" | "sped" | "slowed" => found.push(Effect),
            "demos" | "outtakes" | "rehearsals" => found.push(Draft),
            "rerecorded" => found.push(Again),
            "recorded" if before == "re" => found.push(Again),
            "version" if before.ends_with('s') => found.push(Again),
            "commentary" => found.push(Beside),
            _ => {}
        }
    }
    found
}
