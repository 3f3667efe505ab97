//! A file open for its tags: which kind of tag each container has, and where its pictures are.

use std::fs::File;
use std::io::{Read, Seek};

use lofty::aac::AacFile;
use lofty::config::{GlobalOptions, ParseOptions, WriteOptions, apply_global_options};
use lofty::error::{FileEncodingError, FileParseError};
use lofty::file::{AudioFile, FileType};
use lofty::flac::FlacFile;
use lofty::id3::v2::{Frame, Id3v2Tag};
use lofty::iff::aiff::AiffFile;
use lofty::iff::wav::WavFile;
use lofty::mp4::Mp4File;
use lofty::mpeg::MpegFile;
use lofty::ogg::{OggPictureStorage, OpusFile, VorbisFile};
use lofty::picture::{MimeType, Picture, PictureType};
use lofty::tag::TagType;

use crate::music::Container;

use super::error::chain;
use super::{Cover, Id3, Tags, id3, ilst, older, vorbis};

/// The file, by the kind of its tags.
pub(super) enum Opened {
    Flac(FlacFile),
    Vorbis(VorbisFile),
    Opus(OpusFile),
    Mpeg(MpegFile),
    Mp4(Mp4File),
    Wav(WavFile),
    Aiff(AiffFile),
    Aac(AacFile),
}

/// Room for one picture of 20 MiB with everything around it; lofty refuses larger items.
const LARGEST_ITEM: usize = 32 * 1024 * 1024;

/// A block of FLAC metadata has 24 bits for its size, and a picture some text beside it.
const LARGEST_IN_FLAC: usize = 0xff_ffff - 256;

/// Ogg stores pictures as text, a third larger; decoders stop at comments of 16 MiB, the one
/// that verifies files here among them.
const LARGEST_IN_OGG: usize = 11 * 1024 * 1024;

/// Zeros between tag and audio that lofty looks past to find the audio; seen up to this.
const MOST_JUNK: usize = 64 * 1024;

fn parsing() -> ParseOptions {
    ParseOptions::new()
        .read_properties(false)
        .max_junk_bytes(MOST_JUNK)
}

fn writing(version: Id3) -> WriteOptions {
    let mut options = WriteOptions::new().respect_read_only(false);
    options
        .use_id3v23(version == Id3::V23)
        .parse_options(parsing())
}

impl Opened {
    /// Reads the tags; `None` for codecs in Ogg whose tags are not supported.
    pub(super) fn open(
        file: &mut File,
        container: Container,
    ) -> Result<Option<Self>, FileParseError> {
        // Holds for this thread only, so it is said each time.
        apply_global_options(GlobalOptions::new().allocation_limit(LARGEST_ITEM));
        file.rewind()?;
        let opened = match container {
            Container::Flac => Self::Flac(FlacFile::read_from(file, parsing())?),
            Container::Mp3 => Self::Mpeg(MpegFile::read_from(file, parsing())?),
            Container::Mp4 => Self::Mp4(Mp4File::read_from(file, parsing())?),
            Container::Wav => Self::Wav(WavFile::read_from(file, parsing())?),
            Container::Aiff => Self::Aiff(AiffFile::read_from(file, parsing())?),
            Container::Adts => Self::Aac(AacFile::read_from(file, parsing())?),
            Container::Ogg => match ogg_codec(file)? {
                Some(FileType::Vorbis) => Self::Vorbis(VorbisFile::read_from(file, parsing())?),
                Some(FileType::Opus) => Self::Opus(OpusFile::read_from(file, parsing())?),
                _ => return Ok(None),
            },
        };
        Ok(Some(opened))
    }

    /// What its tags say.
    pub(super) fn tags(&self) -> Tags {
        let id3 = |tag: Option<&Id3v2Tag>| tag.map(id3::read).unwrap_or_default();
        match self {
            Self::Flac(f) => f.vorbis_comments().map(vorbis::read).unwrap_or_default(),
            Self::Vorbis(f) => vorbis::read(f.vorbis_comments()),
            Self::Opus(f) => vorbis::read_opus(f.vorbis_comments()),
            Self::Mpeg(f) => id3(f.id3v2()),
            Self::Mp4(f) => f.ilst().map(ilst::read).unwrap_or_default(),
            Self::Wav(f) => id3(f.id3v2()),
            Self::Aiff(f) => id3(f.id3v2()),
            Self::Aac(f) => id3(f.id3v2()),
        }
    }

    /// Puts in what `tags` knows, in every tag the file has; creates the main one.
    pub(super) fn put(&mut self, tags: &Tags) {
        let write_id3 = |tag: Option<Id3v2Tag>| {
            let mut tag = tag.unwrap_or_default();
            id3::write(&mut tag, tags);
            tag
        };
        match self {
            Self::Flac(f) => {
                let mut comments = f.remove_vorbis_comments().unwrap_or_default();
                vorbis::write(&mut comments, tags);
                f.set_vorbis_comments(comments);
            }
            Self::Vorbis(f) => vorbis::write(f.vorbis_comments_mut(), tags),
            Self::Opus(f) => vorbis::write_opus(f.vorbis_comments_mut(), tags),
            Self::Mpeg(f) => {
                let mut tag = f.remove_id3v2().unwrap_or_default();
                if let Some(old) = f.id3v1() {
                    older::take_over(old, &mut tag);
                }
                id3::write(&mut tag, tags);
                f.set_id3v2(tag);
                if let Some(ape) = f.ape_mut() {
                    older::update(ape, tags);
                }
            }
            Self::Mp4(f) => {
                let mut tag = f.remove_ilst().unwrap_or_default();
                ilst::write(&mut tag, tags);
                f.set_ilst(tag);
            }
            Self::Wav(f) => {
                let tag = write_id3(f.remove_id3v2());
                f.set_id3v2(tag);
                if let Some(info) = f.riff_info_mut() {
                    older::update(info, tags);
                }
            }
            Self::Aiff(f) => {
                let tag = write_id3(f.remove_id3v2());
                f.set_id3v2(tag);
                if let Some(text) = f.text_chunks_mut() {
                    older::update(text, tags);
                }
            }
            Self::Aac(f) => {
                let mut tag = f.remove_id3v2().unwrap_or_default();
                if let Some(old) = f.id3v1() {
                    older::take_over(old, &mut tag);
                }
                id3::write(&mut tag, tags);
                f.set_id3v2(tag);
            }
        }
    }

    /// All pictures in the file.
    pub(super) fn pictures(&self) -> Vec<&Picture> {
        fn stored(storage: &impl OggPictureStorage) -> Vec<&Picture> {
            storage.pictures().iter().map(|(p, _)| p).collect()
        }
        fn framed(tag: Option<&Id3v2Tag>) -> Vec<&Picture> {
            let frames = tag.into_iter().flat_map(IntoIterator::into_iter);
            frames
                .filter_map(|frame| match frame {
                    Frame::Picture(attached) => Some(&*attached.picture),
                    _ => None,
                })
                .collect()
        }
        match self {
            Self::Flac(f) => {
                let mut pictures = stored(f);
                pictures.extend(f.vorbis_comments().map(stored).unwrap_or_default());
                pictures
            }
            Self::Vorbis(f) => stored(f.vorbis_comments()),
            Self::Opus(f) => stored(f.vorbis_comments()),
            Self::Mpeg(f) => framed(f.id3v2()),
            Self::Mp4(f) => f
                .ilst()
                .and_then(|tag| Some(tag.pictures()?.collect()))
                .unwrap_or_default(),
            Self::Wav(f) => framed(f.id3v2()),
            Self::Aiff(f) => framed(f.id3v2()),
            Self::Aac(f) => framed(f.id3v2()),
        }
    }

    /// Takes out the pictures of which `stays` does not hold; to be called after
    /// [`Self::put`].
    pub(super) fn keep_pictures(&mut self, stays: impl Fn(&Picture) -> bool) {
        fn weed(storage: &mut impl OggPictureStorage, stays: &impl Fn(&Picture) -> bool) {
            for at in (0..storage.pictures().len()).rev() {
                if !stays(&storage.pictures()[at].0) {
                    drop(storage.remove_picture(at));
                }
            }
        }
        match self {
            Self::Flac(f) => {
                weed(f, &stays);
                if let Some(comments) = f.vorbis_comments_mut() {
                    weed(comments, &stays);
                }
            }
            Self::Vorbis(f) => weed(f.vorbis_comments_mut(), &stays),
            Self::Opus(f) => weed(f.vorbis_comments_mut(), &stays),
            Self::Mp4(f) => {
                if let Some(tag) = f.ilst_mut() {
                    let all = tag.pictures().map(|all| all.cloned().collect::<Vec<_>>());
                    tag.remove_pictures();
                    for picture in all.unwrap_or_default() {
                        if stays(&picture) {
                            tag.insert_picture(picture);
                        }
                    }
                }
            }
            Self::Mpeg(_) | Self::Wav(_) | Self::Aiff(_) | Self::Aac(_) => {
                if let Some(tag) = self.id3v2_mut() {
                    tag.retain(|frame| match frame {
                        Frame::Picture(attached) => stays(&attached.picture),
                        _ => true,
                    });
                }
            }
        }
    }

    /// Puts a picture in as the front cover; to be called after [`Self::put`]. The error is
    /// the reason why it stays out.
    pub(super) fn embed(&mut self, cover: &Cover) -> Result<(), String> {
        let picture = Picture::unchecked(cover.data().to_vec())
            .pic_type(PictureType::CoverFront)
            .mime_type(MimeType::from_str(cover.mime()))
            .build();
        let attach = |tag: Option<&mut Id3v2Tag>, picture| {
            if let Some(tag) = tag {
                tag.insert_picture(picture);
            }
            Ok(())
        };
        match self {
            Self::Flac(_) if cover.data().len() > LARGEST_IN_FLAC => Err(too_large("FLAC", cover)),
            Self::Vorbis(_) | Self::Opus(_) if cover.data().len() > LARGEST_IN_OGG => {
                Err(too_large("Ogg", cover))
            }
            Self::Flac(f) => keep(f, picture),
            Self::Vorbis(f) => keep(f.vorbis_comments_mut(), picture),
            Self::Opus(f) => keep(f.vorbis_comments_mut(), picture),
            Self::Mp4(_) if cover.mime() == "image/webp" => {
                Err("MP4 cannot hold a WebP picture".to_owned())
            }
            Self::Mp4(f) => {
                if let Some(tag) = f.ilst_mut() {
                    tag.insert_picture(picture);
                }
                Ok(())
            }
            Self::Mpeg(f) => attach(f.id3v2_mut(), picture),
            Self::Wav(f) => attach(f.id3v2_mut(), picture),
            Self::Aiff(f) => attach(f.id3v2_mut(), picture),
            Self::Aac(f) => attach(f.id3v2_mut(), picture),
        }
    }

    fn id3v2_mut(&mut self) -> Option<&mut Id3v2Tag> {
        match self {
            Self::Mpeg(f) => f.id3v2_mut(),
            Self::Wav(f) => f.id3v2_mut(),
            Self::Aiff(f) => f.id3v2_mut(),
            Self::Aac(f) => f.id3v2_mut(),
            Self::Flac(_) | Self::Vorbis(_) | Self::Opus(_) | Self::Mp4(_) => None,
        }
    }

    /// Writes the tags into `file`, which holds what was opened.
    pub(super) fn save(&mut self, file: &mut File, version: Id3) -> Result<(), FileEncodingError> {
        file.rewind()?;
        let had_id3v1 = match self {
            Self::Mpeg(f) => f.remove_id3v1().is_some(),
            Self::Aac(f) => f.remove_id3v1().is_some(),
            Self::Flac(_)
            | Self::Vorbis(_)
            | Self::Opus(_)
            | Self::Mp4(_)
            | Self::Wav(_)
            | Self::Aiff(_) => false,
        };
        if had_id3v1 {
            TagType::Id3v1.remove_from(file, writing(version))?;
            file.rewind()?;
        }
        if version == Id3::V23
            && let Some(tag) = self.id3v2_mut()
        {
            id3::join_values(tag);
        }
        match self {
            Self::Flac(f) => f.save_to(file, writing(version)),
            Self::Vorbis(f) => f.save_to(file, writing(version)),
            Self::Opus(f) => f.save_to(file, writing(version)),
            Self::Mpeg(f) => f.save_to(file, writing(version)),
            Self::Mp4(f) => f.save_to(file, writing(version)),
            Self::Wav(f) => f.save_to(file, writing(version)),
            Self::Aiff(f) => f.save_to(file, writing(version)),
            Self::Aac(f) => f.save_to(file, writing(version)),
        }
    }
}

fn too_large(container: &str, cover: &Cover) -> String {
    format!(
        "{container} cannot hold a picture of {} bytes",
        cover.data().len()
    )
}

fn keep(storage: &mut impl OggPictureStorage, picture: Picture) -> Result<(), String> {
    match storage.insert_picture(picture, None) {
        Ok(_) => Ok(()),
        Err(error) => Err(chain(&error)),
    }
}

fn ogg_codec(file: &mut File) -> Result<Option<FileType>, FileParseError> {
    let mut head = Vec::new();
    file.by_ref().take(64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(FileType::from_buffer(&head))
}
