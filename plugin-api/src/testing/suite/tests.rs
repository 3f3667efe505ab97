//! The suite lets a good source pass and finds each kind of bad one.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{CHECKS, Reach, Subject, Trial};
use crate::{
    Connection, Declaration, Download, DownloadRequest, DownloadedFile, Files, Hit, Host, LogLevel,
    Plugin, Progress, Query, SettingSpec, Settings, Source, SourceError, TargetKind,
};

/// A source of one song, good but for its one fault, which is a setting.
struct OneSong {
    fault: Option<String>,
    host: Host,
}

impl OneSong {
    fn has(&self, fault: &str) -> bool {
        self.fault.as_deref() == Some(fault)
    }
}

impl Source for OneSong {
    fn is_configured(&self) -> bool {
        self.fault.is_some()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        match &self.fault {
            None => Err(SourceError::not_configured("set `fault`")),
            Some(fault) if fault == "unreachable" => Err(SourceError::transient("nobody there")),
            Some(_) => Ok(Connection::default()),
        }
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        if self.fault.is_none() {
            return Err(SourceError::not_configured("set `fault`"));
        }
        if query.kind != TargetKind::TRACK && !self.has("any kind") {
            return Err(SourceError::unsupported("tracks only"));
        }
        if query.text.contains('\0') && self.has("strange words") {
            panic!("a NUL");
        }
        if query.text != "Bluebird" && !self.has("finds everything") {
            return Ok(Vec::new());
        }
        if self.has("talkative") {
            self.host.log(LogLevel::INFO, "the token is hunter2", &[]);
        }
        Ok(vec![Hit {
            target_id: "7".to_owned(),
            kind: TargetKind::TRACK,
            title: if self.has("no title") {
                String::new()
            } else {
                "Bluebird".to_owned()
            },
            bitrate: Some(if self.has("kilobits") { 320 } else { 320_000 }),
            ..Hit::default()
        }])
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        if self.fault.is_none() {
            return Err(SourceError::not_configured("set `fault`"));
        }
        if request.target_id != "7" && !self.has("any target") {
            return Err(SourceError::not_found("no such song"));
        }
        progress.check()?;
        let path = request.dest_dir.join("song.flac");
        let text = if self.has("empty file") {
            ""
        } else {
            "la la la"
        };
        let write = |path, text| {
            fs::write(path, text).map_err(|error| SourceError::internal(error.to_string()))
        };
        write(&path, text)?;
        if self.has("left-overs") {
            write(&request.dest_dir.join("song.flac.part"), "la")?;
        }
        progress.bytes(8, Some(if self.has("too many bytes") { 4 } else { 8 }));
        match self.has("hands over") {
            true => Ok(Download::Following),
            false => Ok(Download::Files(Files::one(DownloadedFile::at(path)))),
        }
    }

    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(self.has("cancels nothing"))
    }
}

impl Plugin for OneSong {
    fn declaration() -> Declaration {
        Declaration {
            name: "one_song".to_owned(),
            display_name: "One song".to_owned(),
            version: "1.0.0".to_owned(),
            settings: vec![
                SettingSpec::text("fault", "What is wrong with it.").required(),
                SettingSpec::text("token", "Nothing but a secret.").secret(),
            ],
            ..Declaration::default()
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        Ok(Self {
            fault: settings.text("fault").map(str::to_owned),
            host,
        })
    }
}

fn subject(fault: &str) -> Subject {
    let settings = Settings::from_pairs([("fault", [fault]), ("token", ["hunter2"])]);
    Subject::new(settings, "Bluebird", "Nobody ever sang this")
}

crate::conformance!(OneSong, || subject("none"));

#[test]
fn each_fault_is_found_by_the_check_that_is_for_it() {
    for (fault, check) in [
        ("unreachable", "reaches_its_service"),
        ("any kind", "refuses_a_kind_it_does_not_have"),
        ("strange words", "survives_strange_words"),
        ("finds everything", "finds_nothing_where_nothing_is"),
        ("no title", "finds_what_is_there"),
        ("kilobits", "finds_what_is_there"),
        ("any target", "refuses_an_unknown_target"),
        ("empty file", "delivers_what_it_found"),
        ("left-overs", "delivers_what_it_found"),
        ("too many bytes", "delivers_what_it_found"),
        ("hands over", "delivers_what_it_found"),
        ("cancels nothing", "cancels_nothing_when_nothing_runs"),
        ("talkative", "keeps_its_secrets"),
    ] {
        let trial = Trial::new::<OneSong>(subject(fault), Reach::Boundary);
        let known = CHECKS.iter().any(|(name, _)| *name == check);
        assert!(known, "there is no check `{check}`");
        let verdict = catch_unwind(AssertUnwindSafe(|| trial.run(check)));
        assert!(verdict.is_err(), "`{fault}` passed `{check}`");
    }
}

#[test]
fn the_macro_makes_a_test_of_every_check() {
    let source = include_str!("mod.rs");
    let (_, list) = source
        .split_once("conformance!(@checks")
        .expect("the macro lists its checks");
    let words: Vec<&str> = list
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    for (name, _) in CHECKS {
        assert!(
            words.contains(name),
            "{name} is in CHECKS and not in the macro"
        );
    }
}
