//! Every row of the table as yt-dlp writes it, and what each meaning leads to.

use super::*;

#[test]
fn every_error_text_has_its_meaning() {
    use Meaning::*;
    for (text, meaning) in [
        (
            "ERROR: [youtube] x: Sign in to confirm you\u{2019}re not a bot. Use --cookies-from-browser",
            Bot,
        ),
        (
            "ERROR: [youtube] x: Sign in to confirm you're not a bot",
            Bot,
        ),
        (
            "ERROR: [soundcloud] a/b: Unable to download JSON metadata: HTTP Error 429: Too Many Requests (caused by <HTTPError 429: Too Many Requests>)",
            Throttled,
        ),
        (
            "ERROR: [youtube] x: This content isn't available, try again later. The current session has been rate-limited by YouTube for up to an hour",
            Throttled,
        ),
        (
            "ERROR: [youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.",
            NeedsLogin,
        ),
        (
            "ERROR: [youtube] x: Private video. Sign in if you've been granted access to this video",
            NeedsLogin,
        ),
        (
            "ERROR: [youtube] x: Join this channel to get access to members-only content",
            NeedsLogin,
        ),
        (
            "ERROR: [youtube] x: This video is only available to Music Premium members",
            NeedsLogin,
        ),
        ("ERROR: [youtube] x: Video unavailable", Gone),
        (
            "ERROR: [youtube] x: Video unavailable. This video has been removed by the uploader",
            Gone,
        ),
        (
            "ERROR: [youtube] x: Video unavailable. This video is no longer available because the YouTube account associated with this video has been terminated.",
            Gone,
        ),
        (
            "ERROR: [youtube] x: The uploader has not made this video available in your country\nYou might want to use a VPN",
            Region,
        ),
        (
            "ERROR: [youtube] x: Video unavailable. The uploader has not made this video available in your country",
            Region,
        ),
        (
            "ERROR: [soundcloud] x: This video is not available from your location due to geo restriction",
            Region,
        ),
        (
            "ERROR: [youtube] x: Requested format is not available. Use --list-formats for a list of available formats",
            NoFormat,
        ),
        (
            "ERROR: [youtube] x: No video formats found!; please report this issue on  https://github.com/yt-dlp",
            NoFormat,
        ),
        ("ERROR: [youtube] x: Premieres in 3 hours", NotYet),
        (
            "ERROR: [youtube] x: This live event will begin in 2 days.",
            NotYet,
        ),
        ("ERROR: [soundcloud] x: This video is DRM protected", Drm),
        (
            "ERROR: [youtube] x: This video is drm protected and only images are available for download.",
            Drm,
        ),
        (
            "ERROR: [soundcloud] a/b: Unable to download JSON metadata: HTTP Error 404: Not Found",
            Gone,
        ),
        (
            "ERROR: unable to download video data: HTTP Error 403: Forbidden",
            Forbidden,
        ),
        (
            "ERROR: [soundcloud] a/b: HTTP Error 401: Unauthorized",
            Unauthorized,
        ),
        (
            "ERROR: [youtube] x: HTTP Error 503: Service Unavailable",
            Network,
        ),
        (
            "ERROR: [youtube] x: Unable to download API page: <urlopen error [Errno 111] Connection refused>",
            Network,
        ),
        (
            "ERROR: [youtube] x: Unable to download API page: The read operation timed out",
            Network,
        ),
        (
            "ERROR: [youtube] x: <urlopen error [Errno -2] Name or service not known>",
            Network,
        ),
        (
            "ERROR: [youtube] x: Temporary failure in name resolution",
            Network,
        ),
        (
            "ERROR: unable to download video data: [Errno 104] Connection reset by peer",
            Network,
        ),
        (
            "ERROR: \r[download] Got error: 1000 bytes read, 5 more expected. Giving up after 3 retries",
            Network,
        ),
        ("ERROR: Downloaded 1000 bytes, expected 5000 bytes", Network),
        ("ERROR: [youtube] x: IncompleteRead(0 bytes read)", Network),
        (
            "ERROR: [youtube] x: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            Certificate,
        ),
        (
            "ERROR: Postprocessing: ffprobe and ffmpeg not found. Please install or provide the path using --ffmpeg-location",
            NoFfmpeg,
        ),
        (
            "ERROR: 'c.txt' does not look like a Netscape format cookies file",
            BadCookies,
        ),
        (
            "ERROR: unable to write data: [Errno 28] No space left on device",
            DiskFull,
        ),
        (
            "ERROR: unable to write data: [Errno 122] Disk quota exceeded",
            DiskFull,
        ),
        (
            "ERROR: unable to write data: [Errno 27] File too large",
            FileLimit,
        ),
        ("ERROR: failed to load cookies", BadCookies),
        ("ERROR: Did not get any data blocks", Network),
        ("ERROR: The downloaded file is empty", Network),
        (
            "ERROR: unable to create directory [Errno 13] Permission denied: 'x'",
            DiskRefuses,
        ),
        (
            "ERROR: unable to open for writing: [Errno 30] Read-only file system",
            DiskRefuses,
        ),
        (
            "ERROR: [youtube] x: Unable to extract yt initial data; please report this issue on  https://github.com/yt-dlp",
            TooOld,
        ),
        (
            "ERROR: [youtube] x: 'NoneType' object; please report this issue on  https://github.com/yt-dlp",
            TooOld,
        ),
        ("ERROR: [youtube] x: something nobody has seen", Unknown),
    ] {
        assert_eq!(meaning_of(text), meaning, "{text}");
    }
}

#[test]
fn every_meaning_has_its_kind_and_what_to_do() {
    use ErrorKind::*;
    let known = |cookies, before| Known { cookies, before };
    for (meaning, known, kind, advice) in [
        (Meaning::Bot, known(false, 0), Auth, "cookies_file"),
        (Meaning::Bot, known(true, 0), RateLimited, "export"),
        (Meaning::Bot, known(true, 1), Auth, "export"),
        (Meaning::Throttled, known(false, 3), RateLimited, ""),
        (
            Meaning::NeedsLogin,
            known(false, 0),
            Permanent,
            "cookies_file",
        ),
        (Meaning::NeedsLogin, known(true, 0), Permanent, "account"),
        (Meaning::Gone, known(false, 0), NotFound, ""),
        (Meaning::NotYet, known(false, 0), NotFound, ""),
        (Meaning::NoFormat, known(false, 0), NotFound, "JavaScript"),
        (Meaning::Region, known(false, 0), Unsupported, "country"),
        (Meaning::Drm, known(false, 0), Unsupported, "protected"),
        (Meaning::Forbidden, known(false, 0), Transient, ""),
        (Meaning::Forbidden, known(false, 1), Unsupported, "update"),
        (Meaning::Unauthorized, known(false, 0), Transient, ""),
        (Meaning::Unauthorized, known(false, 1), Auth, "cookies_file"),
        (Meaning::Network, known(false, 9), Transient, ""),
        (
            Meaning::Certificate,
            known(false, 0),
            NotConfigured,
            "ca_file",
        ),
        (Meaning::NoFfmpeg, known(false, 0), NotConfigured, "ffmpeg"),
        (
            Meaning::BadCookies,
            known(true, 0),
            NotConfigured,
            "Netscape",
        ),
        (Meaning::DiskFull, known(false, 0), Internal, ""),
        (Meaning::FileLimit, known(false, 0), Internal, ""),
        (Meaning::DiskRefuses, known(false, 0), Permanent, ""),
        (Meaning::TooOld, known(false, 0), Unsupported, "update"),
        (Meaning::Unknown, known(false, 0), Permanent, ""),
    ] {
        let (found, words) = consequence(meaning, known);
        assert_eq!(found, kind, "{meaning:?} {known:?}");
        assert!(words.contains(advice), "{meaning:?}: {words}");
    }
}

#[test]
fn what_yt_dlp_asks_of_its_own_users_is_left_out() {
    for (text, shown) in [
        (
            "ERROR: [youtube] x: Unable to extract y; please report this issue on  https://github.com Confirm you are",
            "[youtube] x: Unable to extract y",
        ),
        (
            "ERROR: a: HTTP Error 429: Too Many Requests (caused by <HTTPError 429: Too Many Requests>)",
            "a: HTTP Error 429: Too Many Requests",
        ),
        ("ERROR: one\nline\u{1b}[0m", "one line [0m"),
    ] {
        assert_eq!(cleaned(text), shown);
    }
    assert_eq!(cleaned(&"x".repeat(1_000)).len(), 300);
}

#[test]
fn of_many_lines_the_last_error_counts() {
    for (said, shown) in [
        ("", "it said nothing"),
        (
            "WARNING: old\nyt-dlp: error: no such option: --x\n",
            "yt-dlp: error: no such option: --x",
        ),
        ("ERROR: first\nERROR: second\nWARNING: later\n", "second"),
        ("Traceback\nValueError: bad\n", "ValueError: bad"),
    ] {
        assert_eq!(last_error(said), shown);
    }
}
