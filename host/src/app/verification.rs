//! The config's words about verification -> the engine's inspector.

use secrecy::SecretString;

use super::exit::Failure;
use super::sources::service_context;
use crate::catalog::acoustid::AcoustId;
use crate::config::{self, AcoustIdConfig, Config};
use crate::engine::{Inspector, Policy};
use crate::ffmpeg::{Ffmpeg, Missing};
use crate::music::SourceName;
use crate::plugin::services::SourceFacts;
use crate::verify::Verifier;

/// The inspector of a run. Called within the runtime, whose threads carry what it asks.
pub(crate) fn inspector(
    config: &Config,
    ffmpeg: Result<Ffmpeg, Missing>,
) -> Result<Inspector, Failure> {
    let verify = &config.verify;
    let acoustid = match &verify.acoustid {
        Some(acoustid) => Some((ask_by(config, acoustid)?, policy(acoustid.disagreement))),
        None => None,
    };
    Ok(Inspector {
        verifier: Box::new(Verifier {
            ffmpeg,
            fingerprints: acoustid.is_some(),
        }),
        fake_lossless: policy(verify.fake_lossless),
        broken_claims: policy(verify.broken_claims),
        acoustid,
        quality: config.download.quality,
    })
}

/// AcoustID by the host's own network, held to its one address.
fn ask_by(config: &Config, acoustid: &AcoustIdConfig) -> Result<AcoustId, Failure> {
    let name = SourceName::parse("acoustid").expect("it is a name");
    let url = reqwest::Url::parse(&acoustid.url).ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    let key = SecretString::from(acoustid.key.expose());
    let facts = SourceFacts {
        secrets: vec![key.clone()],
        declared_hosts: host.map(str::to_owned).into_iter().collect(),
        named_servers: url.into_iter().collect(),
    };
    let services = service_context(config, std::env::temp_dir())?.services(name, facts);
    Ok(AcoustId::new(services, acoustid.url.clone(), key))
}

fn policy(said: config::Policy) -> Policy {
    match said {
        config::Policy::Report => Policy::Report,
        config::Policy::Refuse => Policy::Refuse,
    }
}
