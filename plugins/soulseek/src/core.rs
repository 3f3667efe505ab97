//! What everything in the plugin shares, and cleaning up at slskd.

use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Host, LogLevel};

use crate::api::Api;
use crate::config::{Options, Patience};
use crate::error::{Asked, Failure};
use crate::ledger::Ledger;
use crate::peers::Peers;
use crate::server::Server;
use crate::state::says;

/// A cancelled download is over within this, or is left to the next run.
pub(crate) const ENDS_WITHIN: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// One slskd with everything a run knows of it.
pub(crate) struct Core {
    pub(crate) api: Api,
    pub(crate) server: Server,
    pub(crate) ledger: Ledger,
    pub(crate) peers: Peers,
    pub(crate) patience: Patience,
    pub(crate) remove_finished: bool,
}

impl Core {
    pub(crate) fn new(host: Host, options: Options) -> Self {
        Self {
            api: Api::new(host.clone(), options.address, options.key),
            server: Server::new(options.paths),
            ledger: Ledger::new(&host),
            peers: Peers::default(),
            patience: options.patience,
            remove_finished: options.remove_finished,
        }
    }

    /// Takes a download that is over off slskd's list. One that is gone already is as good.
    pub(crate) fn forget(&self, username: &str, id: &str) {
        self.gone_if(username, id, self.api.forget(username, id));
    }

    fn gone_if(&self, username: &str, id: &str, outcome: Result<(), Failure>) {
        match outcome {
            Err(failure) if failure.status() != Some(404) => {
                let error = self.api.report(failure, Asked::Transfer);
                self.warn(
                    "a download stays in slskd's list until the next run",
                    username,
                    &error.message,
                );
            }
            _ => self.ledger.download_is_gone(username, id),
        }
    }

    /// Asks a download to end; `false` if there is none.
    pub(crate) fn cancel(&self, username: &str, id: &str) -> bool {
        match self.api.cancel(username, id) {
            Ok(()) => true,
            Err(failure) if failure.status() == Some(404) => {
                self.ledger.download_is_gone(username, id);
                false
            }
            Err(failure) => {
                let error = self.api.report(failure, Asked::Transfer);
                self.warn("a download goes on in slskd", username, &error.message);
                false
            }
        }
    }

    /// Ends what earlier runs left and no job took over.
    pub(crate) fn sweep(&self) {
        for id in self.ledger.inherited_searches() {
            self.delete_search(&id);
        }
        let mut ending = self.ledger.inherited_downloads();
        ending.retain(|ours| self.cancel(&ours.username, &ours.id));
        let began = Instant::now();
        while !ending.is_empty() {
            ending.retain(|ours| {
                let transfer = self.api.transfer(&ours.username, &ours.id);
                let runs = transfer.is_ok_and(|transfer| !says(&transfer.state, "Completed"));
                if !runs {
                    self.forget(&ours.username, &ours.id);
                }
                runs
            });
            if ending.is_empty() || began.elapsed() >= ENDS_WITHIN {
                break;
            }
            thread::sleep(AGAIN);
        }
    }

    /// slskd keeps searches for ever. One that is gone already is as good.
    pub(crate) fn delete_search(&self, id: &str) {
        match self.api.delete_search(id) {
            Err(failure) if failure.status() != Some(404) => {
                let error = self.api.report(failure, Asked::Found);
                self.api.host().log(
                    LogLevel::WARN,
                    "a search stays in slskd's list until the next run",
                    &[("why", &error.message)],
                );
            }
            _ => self.ledger.search_is_gone(id),
        }
    }

    fn warn(&self, what: &str, username: &str, why: &str) {
        let fields = [("peer", username), ("why", why)];
        self.api.host().log(LogLevel::WARN, what, &fields);
    }
}
