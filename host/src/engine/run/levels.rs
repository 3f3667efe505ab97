//! Albums whose tracks are there get the loudness of the whole.

use std::sync::Arc;

use super::{Done, Run, Work};
use crate::engine::album::gain::{self, Levelled};
use crate::engine::event::Event;
use crate::engine::journal::Entry;

impl Run<'_> {
    pub(super) fn next_to_level(&mut self) -> Option<gain::Album> {
        self.levelling.as_mut()?.next(self.plan)
    }

    pub(super) fn level(&mut self, album: gain::Album) {
        let cancel = self.cancel.clone();
        let job = gain::even_out(album, Arc::clone(&self.context), cancel);
        let task = self.jobs.start(async move { Done::Levelled(job.await) });
        self.running.insert(task, Work::Gain);
    }

    pub(super) fn settle_levelled(&mut self, levelled: Levelled) {
        let Levelled {
            album,
            artist,
            tracks,
            gain,
            rewritten,
            flaws,
        } = levelled;
        if !rewritten.is_empty() {
            self.entries.push(Entry::Rewritten { placed: rewritten });
        }
        self.events.push(Event::AlbumGain {
            album,
            artist,
            tracks,
            of: tracks,
            gain: gain.map(|gain| gain.to_string()),
            why: flaws.first().map(|(_, why)| why.clone()),
        });
        for (id, message) in flaws {
            self.flawed(&id, vec![message]);
        }
    }

    pub(super) fn tell_of_incomplete_albums(&mut self) {
        let Some(levelling) = &mut self.levelling else {
            return;
        };
        for (album, of) in levelling.incomplete(self.plan) {
            let tracks = album.len();
            let why = format!("{tracks} of {of} tracks are there");
            let (album, artist) = (album.title(), album.artist());
            tracing::info!(%artist, %album, %why, "no album gain yet");
            self.events.push(Event::AlbumGain {
                album,
                artist,
                tracks,
                of,
                gain: None,
                why: Some(why),
            });
        }
    }
}
