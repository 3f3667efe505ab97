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
