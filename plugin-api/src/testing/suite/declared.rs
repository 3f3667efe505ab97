//! What a source says of itself, and what it is without settings.

use super::Trial;
use crate::{DownloadRequest, ErrorKind, Progress, SourceError};

pub(super) fn declares_itself_soundly(trial: &Trial) {
    let problems = trial.declaration.problems();
    assert!(problems.is_empty(), "{}", problems.join("; "));
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
