//! The service of the template, as the guide sets it up: a directory, served as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A web server over a directory, for as long as it lives.
pub(crate) struct Station {
    server: MockServer,
    runtime: Runtime,
}

impl Station {
    /// Serves that directory, which may be filled later.
    pub(crate) fn over(dir: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let dir: PathBuf = dir.to_owned();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            let answer = move |request: &Request| {
                let path = request.url.path().trim_start_matches('/');
                match fs::read(dir.join(path)) {
                    Ok(content) => ResponseTemplate::new(200).set_body_bytes(content),
                    Err(_) => ResponseTemplate::new(404),
                }
            };
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { server, runtime }
    }

    /// Who asked for something, everybody once.
    pub(crate) fn user_agents(&self) -> Vec<String> {
        let requests = self.runtime.block_on(self.server.received_requests());
        let agents = requests.into_iter().flatten().map(|request| {
            let agent = &request.headers["user-agent"];
            agent.to_str().unwrap().to_owned()
        });
        let agents: BTreeSet<String> = agents.collect();
        agents.into_iter().collect()
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }
}
