//! What a source says of itself, and what it is without settings.

use super::Trial;
use crate::{DownloadRequest, ErrorKind, Progress, SourceError};

pub(super) fn declares_itself_soundly(trial: &Trial) {
    let declaration = &trial.declaration;
    let word = |text: &str| {
        (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    assert!(
        word(&declaration.name),
        "name `{}`: lower-case letters, digits and `_`, at most 32",
        declaration.name
    );
    assert!(
        !declaration.display_name.trim().is_empty(),
        "the display name is empty"
    );
    let numbers: Vec<&str> = declaration
        .version
        .split(['-', '+'])
        .next()
        .unwrap_or_default()
        .split('.')
        .collect();
    assert!(
        numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok()),
        "version `{}` is no MAJOR.MINOR.PATCH",
        declaration.version
    );
    let limits = &declaration.limits;
    assert!(limits.search_concurrency >= 1, "no search may ever run");
    assert!(limits.download_concurrency >= 1, "no download may ever run");
    if let Some(window) = limits.search_window {
        assert!(
            window.requests >= 1 && !window.per.is_zero(),
            "a window nothing fits into"
        );
    }
    for (at, setting) in declaration.settings.iter().enumerate() {
        let key = &setting.key;
        assert!(
            word(key),
            "setting `{key}`: lower-case letters, digits and `_`"
        );
        assert!(!setting.doc.trim().is_empty(), "setting `{key}` has no doc");
        assert!(
            !declaration.settings[..at]
                .iter()
                .any(|other| other.key == *key),
            "setting `{key}` is declared twice"
        );
        assert!(
            !(setting.required && setting.default.is_some()),
            "setting `{key}` is required and has a default"
        );
        if let (Some(default), false) = (&setting.default, setting.choices.is_empty()) {
            assert!(
                setting.choices.contains(default),
                "setting `{key}`: its default is no choice"
            );
        }
        // The host's own words beside the settings of a source.
        assert!(
            !matches!(key.as_str(), "enabled" | "concurrency"),
            "setting `{key}` is the host's"
        );
    }
    for host in &declaration.hosts {
        assert!(
            !host.is_empty() && !host.contains(['/', ':', ' ']),
            "host `{host}` is no plain host name"
        );
    }
}

pub(super) fn is_configured_exactly_with_its_settings(trial: &Trial) {
    assert!(
        trial.source.is_configured(),
        "not configured with the subject's settings"
    );
    if trial
        .declaration
        .settings
        .iter()
        .any(|setting| setting.required)
    {
        assert!(
            !trial.bare.is_configured(),
            "configured without its required settings"
        );
    }
}

pub(super) fn says_what_is_missing(trial: &Trial) {
    if trial.bare.is_configured() {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let request = DownloadRequest {
        target_id: "1".to_owned(),
        kind: trial.kind(),
        dest_dir: dir.path().to_owned(),
        ..DownloadRequest::default()
    };
    let answers: [(&str, Option<SourceError>); 3] = [
        ("check_connection", trial.bare.check_connection().err()),
        ("search_raw", trial.bare.search_raw(&trial.known()).err()),
        (
            "download_raw",
            trial
                .bare
                .download_raw(&request, &Progress::ignored())
                .err(),
        ),
    ];
    for (call, error) in answers {
        let error = error.unwrap_or_else(|| panic!("{call} works without settings"));
        assert_eq!(
            error.kind,
            ErrorKind::NotConfigured,
            "{call} without settings: {error}"
        );
        assert!(
            !error.message.trim().is_empty(),
            "{call} without settings says nothing"
        );
    }
}
