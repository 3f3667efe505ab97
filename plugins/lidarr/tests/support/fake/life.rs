//! What a grabbed release goes through, one step for each look at the queue. The last step
//! stays.

/// The steps of a release.
#[derive(Clone)]
pub(crate) struct Life(pub(crate) Vec<Step>);

/// How a download looks at one look.
#[derive(Clone)]
pub(crate) enum Step {
    /// Not in the queue.
    Absent,
    /// In the queue with `status`, `trackedDownloadStatus` and `trackedDownloadState`, so many
    /// percent to come, and words.
    Shown(&'static str, &'static str, &'static str, u32, &'static str),
    /// So many of the tracks have files from now on; the rest of the step is another's.
    Import(usize, Box<Step>),
    /// Lidarr writes that into its history; the rest of the step is another's.
    Event(&'static str, Box<Step>),
}

impl Step {
    pub(crate) fn downloading(left: u32) -> Self {
        Step::Shown("downloading", "ok", "downloading", left, "")
    }

    pub(crate) fn in_state(state: &'static str) -> Self {
        Step::Shown("completed", "ok", state, 0, "")
    }

    pub(crate) fn import(tracks: usize) -> Self {
        let imported = Box::new(Step::in_state("imported"));
        Step::Import(tracks, Box::new(Step::Event("trackFileImported", imported)))
    }
}

impl Life {
    /// As it goes when it goes well, for an album of so many tracks.
    pub(crate) fn good(tracks: usize) -> Self {
        Life(vec![
            Step::Absent,
            Step::Event("grabbed", Box::new(Step::downloading(100))),
            Step::downloading(40),
            Step::in_state("importPending"),
            Step::in_state("importing"),
            Step::import(tracks),
            Step::Event("downloadImported", Box::new(Step::Absent)),
        ])
    }

    /// Downloaded, and then for ever like that.
    pub(crate) fn ending(last: Step) -> Self {
        Life(vec![Step::downloading(100), Step::downloading(0), last])
    }

    pub(crate) fn at(&self, age: usize) -> &Step {
        let last = self.0.len() - 1;
        &self.0[age.min(last)]
    }
}
