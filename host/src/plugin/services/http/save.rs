//! A body into a file, whole or not at all, going on where it broke off.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::{Head, Request, Saved};
use musicdl_plugin_api::{ErrorKind, Progress, SourceError};

use super::client::SourceNet;
use super::deadline;
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::part::PartFile;
use super::range::{self, Announced, Rest};

/// How often a download goes on, or starts again, within one call. Waiting between tries is
/// the engine's, which sees all sources; this is for a connection that just broke.
const MAX_RESUMES: u32 = 3;

/// How much of an answer that is not a success is kept: its explanation.
const MAX_EXPLANATION: usize = 64 * 1024;

/// Least time between two reports of progress, the first and the last excepted.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// See [`HostServices::http_save`](musicdl_plugin_api::HostServices::http_save).
pub(super) fn save(
    net: &Arc<SourceNet>,
    request: &Request,
    dest: &Path,
    progress: &Progress,
) -> Result<Saved, SourceError> {
    progress.check()?;
    let outgoing = Outgoing::check(request)?.uncompressed();
    let deadline = deadline(request);
    let mut download = Download {
        net,
        deadline,
        progress,
        host: outgoing.host(),
        // The method does not matter: a login may travel in the body of a POST, and who saves
        // the answer to a file asked for a file. A part that the plugin itself asked for has
        // no beginning here to go on from.
        may_resume: !outgoing.has_range(),
        outgoing,
        part: PartFile::create(dest)?,
        head: Head::default(),
        announced: Announced::default(),
        reported: None,
    };
    let mut resumes = 0;
    loop {
        let broken = match download.turn()? {
            Turn::Whole => {
                let bytes = download.part.len();
                progress.bytes(bytes, Some(bytes));
                download.part.finish(dest)?;
                return Ok(Saved {
                    head: download.head,
                    bytes,
                    body: Vec::new(),
                });
            }
            Turn::Refused(saved) => return Ok(saved),
            Turn::Broken(error) => error,
        };
        let is_late = deadline.is_some_and(|at| at <= Instant::now());
        if resumes == MAX_RESUMES || is_late {
            return Err(broken);
        }
        resumes += 1;
    }
}

struct Download<'a> {
    net: &'a Arc<SourceNet>,
    outgoing: Outgoing,
    host: String,
    may_resume: bool,
    deadline: Option<Instant>,
    progress: &'a Progress,
    part: PartFile,
    /// Of the answer whose beginning is in `part`.
    head: Head,
    /// What that head said.
    announced: Announced,
    reported: Option<Instant>,
}

/// What came of one request.
enum Turn {
    Whole,
    /// An answer for the plugin, without a file.
    Refused(Saved),
    /// A further request, for the rest or for all of it, may help.
    Broken(SourceError),
}

impl Download<'_> {
    /// Sends one request, for the rest if there is a beginning, and writes what comes.
    fn turn(&mut self) -> Result<Turn, SourceError> {
        match self.fetch() {
            Err(error) if error.kind == ErrorKind::Transient && self.can_go_on() => {
                Ok(Turn::Broken(error))
            }
            other => other,
        }
    }

    fn can_go_on(&self) -> bool {
        self.may_resume && self.announced.resume_after(self.part.len()).is_some()
    }

    fn fetch(&mut self) -> Result<Turn, SourceError> {
        let resume = self
            .announced
            .resume_after(self.part.len())
            .filter(|_| self.may_resume);
        let outgoing = match &resume {
            Some(resume) => self.outgoing.clone().resuming(resume)?,
            None => self.outgoing.clone(),
        };
        let mut incoming = Incoming::start(self.net, outgoing, self.deadline)?;
        let head = incoming.head(self.progress)?;
        let rest = match &resume {
            Some(resume) => Rest::judge(&head, resume),
            None if head.is_success() => Rest::Whole,
            None => Rest::Refusal,
        };
        match rest {
            Rest::Fits => {}
            Rest::Whole => self.begin(head)?,
            Rest::Useless => {
                // What is in the part is overwritten once there is something to begin with.
                self.announced = Announced::default();
                return Ok(Turn::Broken(SourceError::transient(format!(
                    "{} did not continue the file where it broke off",
                    self.host
                ))));
            }
            Rest::Refusal => {
                let body = first_bytes(&mut incoming, self.progress)?;
                return Ok(Turn::Refused(Saved {
                    head,
                    bytes: 0,
                    body,
                }));
            }
        }
        while let Some(chunk) = incoming.chunk(self.progress)? {
            self.part.append(&chunk)?;
            self.report();
        }
        self.check_length()?;
        Ok(Turn::Whole)
    }

    /// Starts a file, over what was there of another version.
    fn begin(&mut self, head: Head) -> Result<(), SourceError> {
        self.part.restart()?;
        if head.status == 206 && !self.outgoing.has_range() && !range::is_all(&head) {
            self.announced = Announced::default();
            let message = format!("{} sent a part, though asked for all", self.host);
            return Err(SourceError::transient(message));
        }
        self.announced = Announced::by(&head);
        self.head = head;
        self.reported = Some(Instant::now());
        self.progress.bytes(0, self.announced.total);
        Ok(())
    }

    fn report(&mut self) {
        let now = Instant::now();
        let is_due = self
            .reported
            .is_none_or(|last| now.duration_since(last) >= REPORT_EVERY);
        if is_due {
            self.reported = Some(now);
            self.progress.bytes(self.part.len(), self.announced.total);
        }
    }

    fn check_length(&self) -> Result<(), SourceError> {
        let have = self.part.len();
        match self.announced.total {
            Some(total) if total != have => Err(SourceError::transient(format!(
                "{} sent {have} bytes and had announced {total}",
                self.host
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

/// The beginning of an answer that explains itself. An explanation that breaks off is still
/// worth reading.
fn first_bytes(incoming: &mut Incoming, progress: &Progress) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    while body.len() < MAX_EXPLANATION {
        match incoming.chunk(progress) {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
            Err(_) => break,
        }
    }
    body.truncate(MAX_EXPLANATION);
    Ok(body)
}
