//! Tags of older kinds beside the main one: they must not contradict it.

use lofty::id3::v1::Id3v1Tag;
use lofty::id3::v2::Id3v2Tag;
use lofty::tag::Accessor;

use super::Tags;

/// Updates the fields that such a tag has. Several artists or genres are joined, as there is one
/// field.
pub(super) fn update(tag: &mut impl Accessor, tags: &Tags) {
    if let Some(title) = &tags.title {
        tag.set_title(title.clone());
    }
    if !tags.artists.is_empty() {
        tag.set_artist(tags.artists.join(", "));
    }
    if let Some(album) = &tags.album {
        tag.set_album(album.clone());
    }
    if let Some(number) = tags.track_number {
        tag.set_track(number);
    }
    if let Some(number) = tags.disc_number {
        tag.set_disk(number);
    }
    if let Some(date) = tags.date.as_deref().and_then(|d| d.parse().ok()) {
        tag.set_date(date);
    }
    if !tags.genres.is_empty() {
        tag.set_genre(tags.genres.join(", "));
    }
    if let Some(comment) = &tags.comment {
        tag.set_comment(comment.clone());
    }
}

/// Takes over what only an ID3v1 tag says, so that it can go: thirty Latin-1 characters
/// cannot hold what the new tag says.
pub(super) fn take_over(old: &Id3v1Tag, new: &mut Id3v2Tag) {
    let text = |value: Option<std::borrow::Cow<'_, str>>| {
        value
            .map(|v| v.trim_matches(['\0', ' ']).to_owned())
            .filter(|v| !v.is_empty())
    };
    if new.title().is_none()
        && let Some(title) = text(old.title())
    {
        new.set_title(title);
    }
    if new.artist().is_none()
        && let Some(artist) = text(old.artist())
    {
        new.set_artist(artist);
    }
    if new.album().is_none()
        && let Some(album) = text(old.album())
    {
        new.set_album(album);
    }
    if new.genre().is_none()
        && let Some(genre) = text(old.genre())
    {
        new.set_genre(genre);
    }
    if new.comment().is_none()
        && let Some(comment) = text(old.comment())
    {
        new.set_comment(comment);
    }
    if new.date().is_none()
        && let Some(date) = old.date()
    {
        new.set_date(date);
    }
    if new.track().is_none()
        && let Some(track) = old.track().filter(|n| *n > 0)
    {
        new.set_track(track);
    }
}
