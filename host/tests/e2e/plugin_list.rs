//! `musicdl plugins`: what was loaded, what is missing.

use crate::support::scene::Scene;

#[test]
fn plugins_are_listed_with_what_they_need_whatever_is_wanted() {
    let scene = Scene::with(&["echo", "folder", "rogue", "subsonic"]);
    // Neither a want-list nor a library, nor a config at all.
    let list = scene
        .run(&["plugins", "--plugins", "plugins", "--json"])
        .exits(0)
        .json();
    let told: Vec<String> = list["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| {
            let word = |key: &str| plugin[key].as_str().unwrap().to_owned();
            assert!(plugin["load_time_ms"].as_f64().unwrap() > 0.0);
            let (name, status) = (word("name"), word("status"));
            format!(
                "{name} {status} {} {}",
                plugin["configured"], plugin["missing"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "echo loaded false [\"paths\"]",
            "folder loaded false [\"paths\"]",
            "rogue loaded true []",
            "subsonic loaded false [\"url\"]",
        ]
    );
    assert!(list["checks"].is_null());
    assert!(!scene.path(".musicdl").exists());

    scene
        .run(&["plugins", "--plugins", "plugins"])
        .exits(0)
        .says(&[
            "folder 0.1.0 (api 1.0.0",
            "needs `paths`",
            "rogue 0.1.0",
            "configured",
        ]);
}

#[test]
fn the_description_of_a_source_says_its_settings_and_limits_as_its_user_would() {
    let scene = Scene::with(&["lidarr", "soulseek", "youtube"]);
    let info = |name| {
        let words = ["--plugins", "plugins", "plugins", "info", name];
        scene.run(&words).exits(0)
    };
    info("soulseek").says(&[
        "not configured: set `url`, `api_key`",
        "hosts: not limited to any",
        "needs: nothing of the system",
        "limits: 2 searches and 6 downloads at once; 34 searches in 220 s",
        "api_key (text; required; secret)",
        "path_map (path map; list)",
        "`/app/downloads => /srv/slskd/downloads`",
    ]);
    info("lidarr").says(&[
        "path_map (path map; list; required)",
        "`/music => /mnt/nas/music`",
        "album_timeout (text; default 12h)",
    ]);
    info("youtube").says(&[
        "needs: program yt-dlp, program ffmpeg",
        "limits: 1 search and 2 downloads at once; 3 s between downloads",
        "cookies_file (path)",
    ]);
}
