//! The reference config in `examples/` stays true.

use super::*;
use crate::config::{entries, meaning, network, tags, verify};

fn example() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/musicdl.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn load_example() -> Config {
    let inputs = Inputs {
        file: Some(example().0),
        cwd: PathBuf::from("/"),
        ..Inputs::default()
    };
    load(&inputs).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_says_what_it_says_are_the_defaults() {
    let config = load_example();
    assert_eq!(config.version, "1");
    assert!(config.library.cover_file);
    assert_eq!(config.library.layout, LayoutTemplates::default());
    assert_eq!(config.download, DownloadConfig::default());
    assert_eq!(config.tags, TagsConfig::default());
    assert_eq!(config.matching, MatchingConfig::default());
    assert_eq!(config.limits, LimitsConfig::default());
    assert_eq!(config.verify.fake_lossless, Policy::Report);
    assert_eq!(config.verify.broken_claims, Policy::Refuse);
    assert!(config.verify.acoustid.is_none());
    let kept = &config.quarantine;
    assert_eq!(kept.path, config.state.join("quarantine"));
    assert_eq!(
        (kept.max_size, kept.max_age.as_secs()),
        (1 << 30, 720 * 3600)
    );
    // The proxy's type compares with nothing: it may hold a password.
    let (network, default) = (config.network, NetworkConfig::default());
    assert_eq!(format!("{network:?}"), format!("{default:?}"));
    assert_eq!(config.isolation, Isolation::Process);
    assert_eq!(config.wanted.len(), 10);
    assert_eq!(config.sources.len(), 3);
}

#[test]
fn the_example_and_the_module_docs_have_every_key() {
    let (_, text) = example();
    let docs = include_str!("../mod.rs");
    // `threads` is the other word for `jobs`.
    let said = |key: &str| text.contains(&format!("{key}:")) || text.contains(&format!("`{key}`"));
    let all = [
        &meaning::TOP[..],
        &meaning::LIBRARY,
        &meaning::LAYOUT,
        &meaning::DOWNLOAD,
        &meaning::MATCHING,
        &meaning::LIMITS,
        &tags::TAGS,
        &network::NETWORK,
        &verify::VERIFY,
        &verify::QUARANTINE,
        &entries::KEYS,
    ];
    for key in all.into_iter().flatten() {
        assert!(said(key), "the example lacks {key}");
        assert!(docs.contains(key), "the docs lack {key}");
    }
}
