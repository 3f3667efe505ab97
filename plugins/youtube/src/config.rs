//! Settings -> where to search, and how yt-dlp is to be run for YouTube.

use musicdl_plugin_api::{Settings, SourceError};
use musicdl_ytdlp::{Options, Site};

/// Where to look for a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// On YouTube only if YouTube Music has nothing official that fits.
    OfficialFirst,
    /// On YouTube Music only.
    Official,
    /// On YouTube only.
    Videos,
}

/// Audio alone if there is; a video's sound is taken out of it. Never an encrypted format:
/// yt-dlp leaves those out itself.
pub(crate) const BEST: &str = "bestaudio[vcodec=none]/bestaudio/best";

/// What the settings come to.
pub(crate) struct Config {
    pub(crate) order: Order,
    pub(crate) site: Site,
    pub(crate) options: Options,
}

/// # Errors
/// `NotConfigured` when a setting is present but invalid.
pub(crate) fn read(settings: &Settings) -> Result<Config, SourceError> {
    let order = match settings.text("search").unwrap_or("official_first") {
        "official_first" => Order::OfficialFirst,
        "official" => Order::Official,
        "videos" => Order::Videos,
        other => {
            return Err(SourceError::not_configured(format!(
                "`search` is `{other}`, and can be official_first, official or videos"
            )));
        }
    };
    let clients = settings.list("player_clients");
    if let Some(bad) = clients.iter().find(|client| !is_client(client)) {
        return Err(SourceError::not_configured(format!(
            "`player_clients` has `{bad}`: letters, digits, `_` and a `-` in front are allowed"
        )));
    }
    // What stands around a video (comments, what to watch next) costs a request.
    let mut youtube = "youtube:player_skip=initial_data".to_owned();
    if !clients.is_empty() {
        youtube.push_str(&format!(";player_client={}", clients.join(",")));
    }
    Ok(Config {
        order,
        site: Site {
            name: "YouTube",
            extractors: "youtube,youtube:search,youtube:music:search_url",
            format: BEST,
            arguments: vec!["--extractor-args".to_owned(), youtube],
            needs_javascript: true,
        },
        options: Options::read(settings)?,
    })
}

/// `web_music`, or `-tv` to leave one out.
fn is_client(text: &str) -> bool {
    let name = text.strip_prefix('-').unwrap_or(text);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn player_clients_become_one_argument_and_nothing_else() {
        for (clients, argument) in [
            (vec![], "youtube:player_skip=initial_data"),
            (
                vec!["default", "-tv", "web_music"],
                "youtube:player_skip=initial_data;player_client=default,-tv,web_music",
            ),
        ] {
            let config = read(&Settings::from_pairs([("player_clients", clients)])).unwrap();
            assert_eq!(config.site.arguments, ["--extractor-args", argument]);
        }
        for bad in ["tv;youtube:skip=dash", "", "-", "a b"] {
            let settings = Settings::from_pairs([("player_clients", ["tv", bad])]);
            assert!(read(&settings).is_err(), "{bad:?}");
        }
    }
}
