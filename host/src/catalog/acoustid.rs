//! Asks AcoustID which recording a fingerprint is of, with the user's own key.
//!
//! An answer can confirm a file or speak against it, and most often it does neither: what
//! nobody has submitted, what cannot be asked, what is not clear counts as unknown, which is
//! no reason against a file. At most three questions a second are asked, by the rules of the
//! service (<https://acoustid.org/webservice>).

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{Hit, HostServices};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::matching::{Refusal, Rules, Verdict, score};
use crate::music::{Fingerprint, Track};

/// Three questions a second, and a little less.
const SPACING: Duration = Duration::from_millis(340);
/// An answer takes a tenth of a second. A track waits no longer for something so optional.
const LIMIT: Duration = Duration::from_secs(10);
/// Whoever would wait longer for his turn goes without an answer.
const LONGEST_QUEUE: Duration = Duration::from_secs(20);
/// A fingerprint that fits less says nothing.
const FITS: f64 = 0.8;
/// A fingerprint that fits so well is of that recording.
const FITS_CERTAINLY: f64 = 0.95;
/// No answer that names recordings is longer.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What AcoustID makes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It is the wanted recording.
    Agrees,
    /// It is another one.
    Disagrees {
        /// Which, as a clause.
        what: String,
    },
    /// Nobody knows.
    Unknown {
        /// Why not, as a clause.
        why: String,
    },
}

/// AcoustID, or a server that speaks like it. May be asked from several threads at once.
pub struct AcoustId {
    services: Arc<dyn HostServices>,
    url: String,
    key: SecretString,
    /// When the next question may be asked.
    next: Mutex<Instant>,
}

impl std::fmt::Debug for AcoustId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcoustId")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An answer, as far as it matters.
#[derive(Debug, Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    results: Vec<Found>,
    error: Option<Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    #[serde(default)]
    message: String,
}

/// A fingerprint that is like the one asked about.
#[derive(Debug, Deserialize)]
struct Found {
    /// 0 to 1.
    #[serde(default)]
    score: f64,
    #[serde(default)]
    recordings: Vec<Recording>,
}

/// A recording that has it. MusicBrainz may know nothing but its id.
#[derive(Debug, Deserialize)]
struct Recording {
    id: String,
    title: Option<String>,
    /// Seconds, with or without a fraction.
    duration: Option<f64>,
    #[serde(default)]
    artists: Vec<Artist>,
}

#[derive(Debug, Deserialize)]
struct Artist {
    name: String,
}

impl AcoustId {
    /// At that address, without a slash at its end.
    pub fn new(services: Arc<dyn HostServices>, url: String, key: SecretString) -> Self {
        Self {
            services,
            url,
            key,
            next: Mutex::new(Instant::now()),
        }
    }

    /// Asks whether a fingerprint of a file of that length is of the wanted track. Blocking;
    /// takes half a minute at most.
    pub fn ask(&self, print: &Fingerprint, duration_ms: u64, wanted: &Track) -> Opinion {
        match self.answer(print, duration_ms) {
            Ok(answer) => judge(&answer, wanted),
            Err(why) => Opinion::Unknown { why },
        }
    }

    fn answer(&self, print: &Fingerprint, duration_ms: u64) -> Result<Answer, String> {
        self.wait_for_turn()?;
        let request = Request::post_form(
            format!("{}/v2/lookup", self.url),
            &[
                ("format", "json"),
                ("client", self.key.expose_secret()),
                ("meta", "recordings"),
                ("duration", &(duration_ms / 1000).to_string()),
                ("fingerprint", print.as_str()),
            ],
        )
        .timeout(LIMIT);
        let response = self
            .services
            .http_send(&request)
            .map_err(|error| format!("AcoustID cannot be asked: {}", error.message))?;
        if response.body.len() > MOST_BYTES {
            return Err("AcoustID said too much".to_owned());
        }
        let answer: Answer = serde_json::from_slice(&response.body)
            .map_err(|_| format!("AcoustID answered with status {}", response.status()))?;
        if answer.status == "ok" {
            Ok(answer)
        } else {
            let message = answer.error.map(|fault| fault.message).unwrap_or_default();
            Err(format!("AcoustID refused to answer: {message}"))
        }
    }

    fn wait_for_turn(&self) -> Result<(), String> {
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(now);
            if turn.duration_since(now) > LONGEST_QUEUE {
                return Err("too many files wait for AcoustID".to_owned());
            }
            *next = turn + SPACING;
            turn
        };
        thread::sleep(turn.duration_since(now));
        Ok(())
    }
}

/// What an answer means for the wanted track.
fn judge(answer: &Answer, wanted: &Track) -> Opinion {
    let unknown = |why: &str| Opinion::Unknown {
        why: why.to_owned(),
    };
    let certain: Vec<&Found> = answer
        .results
        .iter()
        .filter(|found| found.score >= FITS && !found.recordings.is_empty())
        .collect();
    let recordings = || certain.iter().flat_map(|found| &found.recordings);
    if recordings().next().is_none() {
        return unknown("AcoustID does not know it");
    }
    if recordings().any(|recording| is_it(recording, wanted)) {
        return Opinion::Agrees;
    }
    let best = certain.iter().map(|found| found.score).fold(0.0, f64::max);
    // Whoever tags another song by mistake may submit it, so one voice has to be clear.
    match recordings().find_map(shown) {
        Some(name)
            if best >= FITS_CERTAINLY
                && recordings().all(|recording| is_not(recording, wanted)) =>
        {
            Opinion::Disagrees {
                what: format!("AcoustID knows it as {name}"),
            }
        }
        Some(name) => Opinion::Unknown {
            why: format!("AcoustID is not sure: it may be {name}"),
        },
        None => unknown("AcoustID knows it only by numbers"),
    }
}

fn shown(recording: &Recording) -> Option<String> {
    let title = recording.title.as_deref()?;
    let artists: Vec<&str> = recording.artists.iter().map(|a| a.name.as_str()).collect();
    Some(format!("`{} - {title}`", artists.join(", ")))
}

fn hit(recording: &Recording) -> Option<Hit> {
    Some(Hit {
        target_id: recording.id.clone(),
        title: recording.title.clone()?,
        artists: recording.artists.iter().map(|a| a.name.clone()).collect(),
        ..Hit::default()
    })
}

/// By its id, or by the rules for hits. The length is the file's, which was compared before.
fn is_it(recording: &Recording, wanted: &Track) -> bool {
    if wanted.recording_mbid.as_ref() == Some(&recording.id) {
        return true;
    }
    let timed = |hit: Hit| Hit {
        duration_ms: recording
            .duration
            .map(|seconds| (seconds * 1000.0) as u64)
            .or(wanted.duration_ms),
        ..hit
    };
    hit(recording)
        .map(timed)
        .is_some_and(|hit| score(wanted, &hit, &Rules::default()).is_accepted())
}

/// Clearly another song or version: not a doubt, not a length.
fn is_not(recording: &Recording, wanted: &Track) -> bool {
    let Some(hit) = hit(recording) else {
        return false;
    };
    match score(wanted, &hit, &Rules::default()).verdict {
        Verdict::Accepted => false,
        Verdict::Refused(why) => match why {
            Refusal::AnotherVersion { .. }
            | Refusal::AnotherPart { .. }
            | Refusal::AnotherTitle { .. }
            | Refusal::AnotherArtist { .. } => true,
            Refusal::Length { .. }
            | Refusal::NotTheVersion { .. }
            | Refusal::OtherGuests { .. }
            | Refusal::AnotherId
            | Refusal::AnotherCode
            | Refusal::Unconfirmed { .. }
            | Refusal::TooLittle { .. } => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    fn wanted() -> Track {
        Track {
            artists: vec!["Ann Example".to_owned()],
            duration_ms: Some(200_000),
            recording_mbid: Some("5f7d6ff0-0000-4000-8000-000000000001".to_owned()),
            ..Track::new(TrackId::text("x"), "Bluebird")
        }
    }

    fn said(results: &str) -> Answer {
        let text = format!(r#"{{"status": "ok", "results": {results}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn one(score: f64, artist: &str, title: &str) -> Answer {
        said(&format!(
            r#"[{{"id": "f", "score": {score}, "recordings": [{{"id": "r", "duration": 200.1,
                "title": "{title}", "artists": [{{"id": "a", "name": "{artist}"}}]}}]}}]"#
        ))
    }

    #[test]
    fn an_answer_agrees_disagrees_or_says_nothing() {
        let id = "5f7d6ff0-0000-4000-8000-000000000001";
        let by_id = format!(r#"[{{"score": 0.9, "recordings": [{{"id": "{id}"}}]}}]"#);
        let both = r#"[{"score": 0.97, "recordings": [
            {"id": "1", "title": "Owls", "artists": [{"name": "Bob Sample"}]},
            {"id": "2", "title": "Bluebird", "artists": [{"name": "Ann Example"}]}]}]"#;
        for (answer, expected) in [
            (one(0.9, "Ann Example", "Bluebird"), "agrees"),
            (one(0.97, "Ann Example", "bluebird"), "agrees"),
            (said(&by_id), "agrees"),
            (said(both), "agrees"),
            (one(0.97, "Bob Sample", "Owls"), "disagrees"),
            (one(0.97, "Ann Example", "Bluebird (Live)"), "disagrees"),
            // Not sure enough to speak against a file.
            (one(0.9, "Bob Sample", "Owls"), "unknown"),
            (one(0.5, "Ann Example", "Bluebird"), "unknown"),
            (said("[]"), "unknown"),
            (said(r#"[{"score": 0.99}]"#), "unknown"),
            (
                said(r#"[{"score": 0.99, "recordings": [{"id": "r"}]}]"#),
                "unknown",
            ),
        ] {
            let opinion = match judge(&answer, &wanted()) {
                Opinion::Agrees => "agrees",
                Opinion::Disagrees { .. } => "disagrees",
                Opinion::Unknown { .. } => "unknown",
            };
            assert_eq!(opinion, expected, "{answer:?}");
        }
    }
}
