//! The service of the template, as the guide sets it up: a directory, served as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::testing::{Answer, Loopback};

/// A web server over a directory, for as long as it lives.
pub(crate) struct Station(Loopback);

impl Station {
    /// Serves that directory, which may be filled later.
    pub(crate) fn over(dir: &Path) -> Self {
        let dir: PathBuf = dir.to_owned();
        Self(Loopback::start(move |request| {
            match fs::read(dir.join(request.path.trim_start_matches('/'))) {
                Ok(content) => Answer::ok(content),
                Err(_) => Answer::status(404),
            }
        }))
    }

    /// The name of each program that sent a request, once.
    pub(crate) fn user_agents(&self) -> Vec<String> {
        let requests = self.0.requests();
        let agents = requests
            .iter()
            .filter_map(|request| request.header("user-agent"));
        let agents: BTreeSet<String> = agents.map(str::to_owned).collect();
        agents.into_iter().collect()
    }

    pub(crate) fn url(&self) -> String {
        self.0.url("")
    }
}
