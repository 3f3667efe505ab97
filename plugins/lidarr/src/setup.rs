//! How Lidarr is set up, and what a new album gets there: the root folder and the profiles
//! that the user named, or those that Lidarr has for its root folder.

use std::time::{Duration, Instant};

use musicdl_plugin_api::{Connection, PathMap};

use crate::api::Api;
use crate::config::{Choice, Options};
use crate::error::Failure;
use crate::records::{Profile, RootFolder};

/// All five looks have to fit into the 15 s that a check of the connection may take.
const CHECK_LIMIT: Duration = Duration::from_secs(13);

/// What a new album gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Exactly as Lidarr spells it.
    pub(crate) root_folder: String,
    pub(crate) quality_profile: i64,
    pub(crate) metadata_profile: i64,
}

/// Asks Lidarr who it is and how it is set up.
///
/// # Errors
/// What Lidarr says, and every setting that does not fit to it.
pub(crate) fn look(api: &Api, options: &Options) -> Result<(Setup, Connection), Failure> {
    let since = Instant::now();
    let left = || {
        let left = CHECK_LIMIT.saturating_sub(since.elapsed());
        left.max(Duration::from_millis(100))
    };
    let status = api.status(left())?;
    match status.app_name.as_deref() {
        Some("Lidarr") => {}
        Some(other) => return Err(Failure::Foreign(format!("a program named {other}"))),
        None => return Err(Failure::Foreign("some other program".to_owned())),
    }
    let version = status.version.unwrap_or_default();
    let folders = api.root_folders(left())?;
    let quality = api.quality_profiles(left())?;
    let metadata = api.metadata_profiles(left())?;
    let setup = choose(&options.choice, &folders, &quality, &metadata)?;
    check_paths(&options.paths, &setup.root_folder)?;

    let mut warnings: Vec<String> = too_old(&version).into_iter().collect();
    for trouble in api.health(left())? {
        let kind = trouble.r#type.unwrap_or_default();
        if matches!(kind.as_str(), "warning" | "error") {
            let message = trouble.message.unwrap_or_default();
            warnings.push(format!(
                "Lidarr's own check: {}",
                crate::error::one_line(&message)
            ));
        }
    }
    let named = |profiles: &[Profile], id: i64| {
        let profile = profiles.iter().find(|profile| profile.id == id);
        profile
            .and_then(|profile| profile.name.clone())
            .unwrap_or_default()
    };
    let connection = Connection {
        service: Some(format!("Lidarr {version}").trim().to_owned()),
        warnings,
        extra: vec![
            ("root_folder".to_owned(), setup.root_folder.clone()),
            (
                "quality_profile".to_owned(),
                named(&quality, setup.quality_profile),
            ),
            (
                "metadata_profile".to_owned(),
                named(&metadata, setup.metadata_profile),
            ),
        ],
        ..Connection::default()
    };
    Ok((setup, connection))
}

/// The calls of this plugin are those of Lidarr 2.
fn too_old(version: &str) -> Option<String> {
    let major: u32 = version.split('.').next()?.parse().ok()?;
    (major < 2).then(|| format!("Lidarr {version} is older than 2.0, for which this is written"))
}

fn check_paths(paths: &PathMap, root_folder: &str) -> Result<(), Failure> {
    for directory in paths.directories() {
        if let Err(error) = std::fs::read_dir(directory) {
            let directory = directory.display();
            return Err(Failure::Setting(format!(
                "`path_map` names {directory}, which cannot be read: {error}"
            )));
        }
    }
    if paths.local(root_folder).is_none() {
        return Err(Failure::Setting(format!(
            "Lidarr's root folder {root_folder} is in none of the directories of \
             `path_map`: add `{root_folder} => ` and where it is on this machine"
        )));
    }
    Ok(())
}

fn choose(
    choice: &Choice,
    folders: &[RootFolder],
    quality: &[Profile],
    metadata: &[Profile],
) -> Result<Setup, Failure> {
    let folder = choose_folder(choice.root_folder.as_deref(), folders)?;
    Ok(Setup {
        root_folder: folder.path.clone().unwrap_or_default(),
        quality_profile: choose_profile(
            "quality_profile",
            choice.quality_profile.as_deref(),
            folder.default_quality_profile_id,
            quality,
        )?,
        metadata_profile: choose_profile(
            "metadata_profile",
            choice.metadata_profile.as_deref(),
            folder.default_metadata_profile_id,
            metadata,
        )?,
    })
}

fn choose_folder<'a>(
    wanted: Option<&str>,
    folders: &'a [RootFolder],
) -> Result<&'a RootFolder, Failure> {
    let path = |folder: &RootFolder| folder.path.clone().unwrap_or_default();
    if folders.is_empty() {
        return Err(Failure::Setting(
            "Lidarr has no root folder: add one in Settings, Media Management".to_owned(),
        ));
    }
    let is_wanted = |folder: &&RootFolder| match wanted {
        None => true,
        Some(wanted) => {
            folder
                .name
                .as_deref()
                .is_some_and(|name| same(name, wanted))
                || path(folder).trim_end_matches(['/', '\\'])
                    == wanted.trim_end_matches(['/', '\\'])
        }
    };
    let fitting: Vec<&RootFolder> = folders.iter().filter(is_wanted).collect();
    if fitting.is_empty() {
        let there = folders.iter().map(|folder| match &folder.name {
            Some(name) => format!("{name} ({})", path(folder)),
            None => path(folder),
        });
        return Err(unknown("root_folder", wanted.unwrap_or_default(), there));
    }
    let usable = |folder: &&&RootFolder| folder.accessible != Some(false);
    match fitting.iter().find(usable) {
        Some(folder) => Ok(folder),
        None => Err(Failure::Setting(format!(
            "Lidarr cannot write to its root folder {}",
            fitting.into_iter().map(path).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn choose_profile(
    setting: &str,
    wanted: Option<&str>,
    default: Option<i64>,
    profiles: &[Profile],
) -> Result<i64, Failure> {
    let name = |profile: &Profile| profile.name.clone().unwrap_or_default();
    if let Some(wanted) = wanted {
        let found = profiles.iter().find(|profile| same(&name(profile), wanted));
        return match found {
            Some(profile) => Ok(profile.id),
            None => Err(unknown(setting, wanted, profiles.iter().map(name))),
        };
    }
    let known = |id: &i64| profiles.iter().any(|profile| profile.id == *id);
    match (default.filter(known), profiles) {
        (Some(id), _) => Ok(id),
        (None, [only]) => Ok(only.id),
        (None, _) => {
            let there: Vec<String> = profiles.iter().map(name).collect();
            Err(Failure::Setting(format!(
                "the root folder has no default for it: set `{setting}` to one of those in \
                 Lidarr: {}",
                there.join(", ")
            )))
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn unknown(setting: &str, wanted: &str, there: impl Iterator<Item = String>) -> Failure {
    let there: Vec<String> = there.collect();
    Failure::Setting(format!(
        "`{setting}` is `{wanted}`, and Lidarr has: {}",
        there.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, path: &str, accessible: bool) -> RootFolder {
        RootFolder {
            name: Some(name.to_owned()),
            path: Some(path.to_owned()),
            accessible: Some(accessible),
            default_quality_profile_id: Some(2),
            default_metadata_profile_id: Some(1),
        }
    }

    fn profiles(names: &[(i64, &str)]) -> Vec<Profile> {
        let profile = |&(id, name): &(i64, &str)| Profile {
            id,
            name: Some(name.to_owned()),
        };
        names.iter().map(profile).collect()
    }

    fn chosen(root: &str, quality: &str, metadata: &str) -> Result<(String, i64, i64), String> {
        let folders = [
            folder("Offline", "/usb/", false),
            folder("Music", "/music/", true),
            folder("Live", "/live", true),
        ];
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let choice = Choice {
            root_folder: text(root),
            quality_profile: text(quality),
            metadata_profile: text(metadata),
        };
        let quality = profiles(&[(1, "Any"), (2, "Lossless")]);
        let metadata = profiles(&[(1, "Standard"), (3, "None")]);
        choose(&choice, &folders, &quality, &metadata)
            .map(|setup| {
                (
                    setup.root_folder,
                    setup.quality_profile,
                    setup.metadata_profile,
                )
            })
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn folder_and_profiles_are_those_named_or_lidarrs_defaults() {
        for (root, quality, metadata, expected) in [
            ("", "", "", ("/music/", 2, 1)),
            ("music", "any", " NONE ", ("/music/", 1, 3)),
            ("/live/", "", "", ("/live", 2, 1)),
            ("/music", "", "", ("/music/", 2, 1)),
        ] {
            let (root, quality, metadata) = chosen(root, quality, metadata).unwrap();
            assert_eq!((root.as_str(), quality, metadata), expected);
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_answered_with_those_that_are() {
        for (root, quality, metadata, message) in [
            (
                "Musik",
                "",
                "",
                "`root_folder` is `Musik`, and Lidarr has: Offline (/usb/), Music (/music/), \
                 Live (/live)",
            ),
            (
                "",
                "FLAC",
                "",
                "`quality_profile` is `FLAC`, and Lidarr has: Any, Lossless",
            ),
            (
                "",
                "",
                "All",
                "`metadata_profile` is `All`, and Lidarr has: Standard, None",
            ),
            (
                "Offline",
                "",
                "",
                "Lidarr cannot write to its root folder /usb/",
            ),
        ] {
            assert_eq!(chosen(root, quality, metadata), Err(message.to_owned()));
        }
    }

    #[test]
    fn where_lidarr_has_no_default_one_has_to_be_named_unless_there_is_only_one() {
        let two = profiles(&[(1, "Any"), (2, "Lossless")]);
        for (default, profiles, expected) in [
            (Some(9), &two[..1], Ok(1)),
            (None, &two[..1], Ok(1)),
            (
                Some(9),
                &two[..],
                Err(
                    "the root folder has no default for it: set `quality_profile` to one of \
                     those in Lidarr: Any, Lossless"
                        .to_owned(),
                ),
            ),
        ] {
            let chosen = choose_profile("quality_profile", None, default, profiles);
            assert_eq!(chosen.map_err(|failure| failure.to_string()), expected);
        }
        let none = choose_folder(None, &[]).unwrap_err().to_string();
        assert!(none.contains("has no root folder"), "{none}");
    }

    #[test]
    fn only_a_lidarr_before_2_is_too_old() {
        for (version, old) in [("1.4.5.3639", true), ("2.14.5.4836", false), ("", false)] {
            assert_eq!(too_old(version).is_some(), old, "{version}");
        }
    }
}
