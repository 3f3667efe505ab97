//! The record by which an album is added, so that Lidarr wants this album and nothing else.

use serde_json::{Map, Value, json};

use crate::setup::Setup;

/// What Lidarr is to add: the look-up's own record, and what album and artist get.
///
/// Beside `monitor: none`, which keeps the artist's other albums out, our album has to be
/// listed: Lidarr applies the options of a new artist only after its first scan, and would
/// then no longer monitor the album either.
pub(crate) fn addition(looked_up: Map<String, Value>, setup: &Setup, mbid: &str) -> Value {
    let mut album = looked_up;
    let mut artist = match album.remove("artist") {
        Some(Value::Object(artist)) => artist,
        Some(_) | None => Map::new(),
    };
    for (key, value) in [
        ("qualityProfileId", json!(setup.quality_profile)),
        ("metadataProfileId", json!(setup.metadata_profile)),
        ("rootFolderPath", json!(setup.root_folder)),
        ("monitored", json!(false)),
        ("monitorNewItems", json!("none")),
        ("tags", json!([])),
        (
            "addOptions",
            json!({
                "monitor": "none",
                "albumsToMonitor": [mbid],
                "searchForMissingAlbums": false,
            }),
        ),
    ] {
        artist.insert(key.to_owned(), value);
    }
    for (key, value) in [
        ("monitored", json!(true)),
        ("anyReleaseOk", json!(true)),
        (
            "addOptions",
            json!({"addType": "manual", "searchForNewAlbum": false}),
        ),
        ("artist", Value::Object(artist)),
    ] {
        album.insert(key.to_owned(), value);
    }
    let mut album = Value::Object(album);
    drop_nulls(&mut album);
    album
}

/// Lidarr leaves out what is null; so do we.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addition_asks_for_this_album_and_no_other() {
        let looked_up = json!({"title": "X", "foreignAlbumId": "m", "monitored": false,
            "artist": {"artistName": "A", "foreignArtistId": "a", "nextAlbum": null,
                       "monitored": true}});
        let Value::Object(looked_up) = looked_up else {
            unreachable!("it is written as an object");
        };
        let setup = Setup {
            root_folder: "/music/".to_owned(),
            quality_profile: 2,
            metadata_profile: 1,
        };
        let expected = json!({"title": "X", "foreignAlbumId": "m", "monitored": true,
            "anyReleaseOk": true,
            "addOptions": {"addType": "manual", "searchForNewAlbum": false},
            "artist": {"artistName": "A", "foreignArtistId": "a", "monitored": false,
                "qualityProfileId": 2, "metadataProfileId": 1, "rootFolderPath": "/music/",
                "monitorNewItems": "none", "tags": [],
                "addOptions": {"monitor": "none", "albumsToMonitor": ["m"],
                               "searchForMissingAlbums": false}}});
        assert_eq!(addition(looked_up, &setup, "m"), expected);
    }
}
