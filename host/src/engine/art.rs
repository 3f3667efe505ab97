//! Which picture goes into a file. Whatever does not fit there stays what it is beside it.

use std::path::Path;

use crate::convert;
use crate::ffmpeg::Ffmpeg;
use crate::tagging::{self, Art, Cover, CoverLimits};

/// What the user decided about pictures in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoverEmbedding {
    /// As they come.
    #[default]
    AsTheyCome,
    /// None larger than that.
    Within(CoverLimits),
    /// None.
    Nowhere,
}

/// The picture that lies beside audio of the library.
pub(super) fn beside(audio: &Path) -> Option<Cover> {
    let files = ["jpg", "png", "webp"].map(|ext| audio.with_file_name(format!("cover.{ext}")));
    // One that cannot be read is as good as none.
    files
        .iter()
        .find_map(|file| Cover::new(std::fs::read(file).ok()?).ok())
}

/// The picture of one file.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// That which came with the file, or was in it; for beside the file.
    pub(super) original: Option<Cover>,
    /// What goes into it, where that is another one.
    smaller: Option<Cover>,
    embedding: CoverEmbedding,
}

impl Picture {
    /// For the file `audio`, with which `delivered` came. What cannot be made smaller stays
    /// out of the file, and that is told.
    pub(super) fn of(
        embedding: CoverEmbedding,
        (audio, delivered): (&Path, Option<Cover>),
        ffmpeg: Option<&Ffmpeg>,
        scratch: &Path,
        flaws: &mut Vec<String>,
    ) -> Self {
        if embedding == CoverEmbedding::AsTheyCome {
            return Self {
                original: delivered,
                ..Self::default()
            };
        }
        // One that cannot be read is as good as none.
        let own = tagging::embedded_cover(audio).ok().flatten();
        let mut picture = Self {
            original: own.or(delivered),
            smaller: None,
            embedding,
        };
        if let (CoverEmbedding::Within(limits), Some(original)) = (embedding, &picture.original)
            && !limits.allow(original)
        {
            let made = match ffmpeg {
                Some(ffmpeg) => convert::scaled_down(ffmpeg, original, limits, scratch)
                    .map_err(|error| error.to_string()),
                None => Err("there is no ffmpeg to make it smaller".to_owned()),
            };
            match made {
                Ok(smaller) => picture.smaller = Some(smaller),
                Err(why) => {
                    let (width, height) = original.size();
                    let bytes = original.data().len();
                    flaws.push(format!(
                        "cover left out of the file: it has {width} x {height} pixels, {bytes} bytes: {why}"
                    ));
                }
            }
        }
        picture
    }

    /// What becomes of the pictures in the file.
    pub(super) fn art(&self) -> Art<'_> {
        match self.embedding {
            CoverEmbedding::AsTheyCome => Art::of(self.original.as_ref()),
            CoverEmbedding::Within(limits) => {
                let fits = self.original.as_ref().filter(|cover| limits.allow(cover));
                Art::Within(limits, self.smaller.as_ref().or(fits))
            }
            CoverEmbedding::Nowhere => Art::Nothing,
        }
    }

    /// The picture for beside the file, where the one in it is another one.
    pub(super) fn beside(&self) -> Option<&Cover> {
        self.original
            .as_ref()
            .filter(|_| self.embedding != CoverEmbedding::AsTheyCome)
    }
}
