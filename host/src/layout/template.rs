//! Reads the patterns by which paths are made, and fills them in. Which pattern a track gets
//! is decided in `mod`; what a legal name is, in `names`.
//!
//! `{artist}` stands for a value, `[ .. ]` for a part that is left out when a value in it is
//! unknown, `/` for a folder. `{{`, `}}`, `[[` and `]]` are those characters themselves. Values
//! are cleaned before they are filled in, so only the pattern makes folders.

mod fields;
mod parse;

use std::fmt;

pub use fields::{Field, Fields};

use super::{RelPath, component};

/// Bytes of a pattern; the longest sensible one has a tenth of it.
const LONGEST: usize = 1024;

/// Folders and file of one path. With [`super::names::STEM_LIMIT`] bytes each, a path stays
/// under the 4,096 bytes that Linux takes.
const DEEPEST: usize = 16;

/// Why a text is no pattern for paths. Columns count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A field nobody knows.
    #[error(
        "unknown field `{{{name}}}` at column {column}{}; known fields: {}",
        nearest.map(|field| format!(", did you mean `{{{field}}}`?")).unwrap_or_default(),
        fields::known()
    )]
    UnknownField {
        /// What stands between the braces.
        name: String,
        /// Where its brace opens.
        column: usize,
        /// The known field that is spelled most like it, if one is.
        nearest: Option<Field>,
    },
    /// A bracket without its partner.
    #[error(
        "`{bracket}` at column {column} has no partner; write `{bracket}{bracket}` for the character itself"
    )]
    Unbalanced {
        /// The bracket.
        bracket: char,
        /// Where it stands.
        column: usize,
    },
    /// An optional part within an optional part.
    #[error("`[` at column {column} stands inside another `[ .. ]`; close that one first")]
    NestedSection {
        /// Where the inner one opens.
        column: usize,
    },
    /// An optional part that does not depend on anything.
    #[error(
        "the part in `[ .. ]` at column {column} has no field, so it would never be left out; write it without brackets"
    )]
    SectionWithoutField {
        /// Where it opens.
        column: usize,
    },
    /// Nothing between two separators, or nothing at all, with or without the optional parts.
    #[error(
        "a folder or file name would be empty (nothing at the start or end or between two `/`, or only parts in `[ .. ]`)"
    )]
    EmptyComponent,
    /// A name that means another folder.
    #[error("`{0}` is no name for a folder: paths stay inside the library")]
    Climbs(String),
    /// A pattern that begins at the root of a disk or at home.
    #[error("paths are relative to the library; leave out the beginning `{0}`")]
    Absolute(String),
    /// Longer or deeper than any path may be.
    #[error("too long: at most {LONGEST} bytes and {DEEPEST} names with `/` between them")]
    TooLong,
    /// Nothing in it differs between the files it is for.
    #[error("every {each} would get the same path; add {add}")]
    OnePathForAll {
        /// What the files are.
        each: &'static str,
        /// The fields that tell them apart.
        add: &'static str,
    },
    /// A field that has no value in this place.
    #[error("`{{{field}}}` has no value here; {instead}")]
    NotHere {
        /// The field.
        field: Field,
        /// What can be used, or where the field belongs.
        instead: &'static str,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
    Separator,
    /// Left out as a whole when a field in it has no value; holds no other section.
    Section(Vec<Piece>),
}

/// A checked pattern for the path of a file without its extension.
///
/// ```
/// use musicdl::layout::{Fields, Template};
/// let template = Template::parse("{artist}/[{track} - ]{title}").unwrap();
/// let fields = Fields { artist: Some("AC/DC"), title: Some("T.N.T."), ..Fields::default() };
/// assert_eq!(template.render(&fields).as_str(), "AC_DC/T.N.T");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it could make no path, or one that leaves the library.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            return Err(TemplateError::TooLong);
        }
        let template = Self {
            text: text.to_owned(),
            pieces: parse::pieces(text)?,
        };
        template.check_shape()?;
        Ok(template)
    }

    /// Reads a pattern for audio files, which must tell the tracks of an album apart.
    ///
    /// # Errors
    /// As [`Template::parse`], and when every track would have the same path.
    pub fn parse_audio(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse(text)?;
        let telling = [Field::Title, Field::Track, Field::Position, Field::Isrc];
        if template
            .fields()
            .iter()
            .any(|field| telling.contains(field))
        {
            Ok(template)
        } else {
            Err(TemplateError::OnePathForAll {
                each: "track of an album",
                add: "`{title}` or `{track}`",
            })
        }
    }

    /// Reads a pattern for audio files outside of playlists.
    ///
    /// # Errors
    /// As [`Template::parse_audio`], and when it asks for the playlist.
    pub(super) fn parse_library(text: &str) -> Result<Self, TemplateError> {
        let template = Self::parse_audio(text)?;
        let of_a_playlist = [Field::Playlist, Field::Position];
        match template
            .fields()
            .into_iter()
            .find(|field| of_a_playlist.contains(field))
        {
            Some(field) => Err(TemplateError::NotHere {
                field,
                instead: "it belongs into the templates of playlists",
            }),
            None => Ok(template),
        }
    }

    /// Reads a pattern for playlist files, which knows nothing but the playlist's name.
    ///
    /// # Errors
    /// As [`Template::parse`], and when it asks for anything else or not for the name.
    pub(super) fn parse_playlist_file(text: &str) -> Result<Self, TemplateError> {
        const INSTEAD: &str = "a playlist file is named by `{playlist}` alone";
        let template = Self::parse(text)?;
        match template
            .fields()
            .into_iter()
            .find(|field| *field != Field::Playlist)
        {
            Some(field) => Err(TemplateError::NotHere {
                field,
                instead: INSTEAD,
            }),
            None if template.fields().is_empty() => Err(TemplateError::OnePathForAll {
                each: "playlist",
                add: "`{playlist}`",
            }),
            None => Ok(template),
        }
    }

    /// The path for these values. What is unknown and not in `[ .. ]` is written as
    /// `Unknown Artist`, `00` and so on, see [`Field`].
    pub fn render(&self, values: &Fields<'_>) -> RelPath {
        let mut components = vec![String::new()];
        fill(&self.pieces, values, &mut components);
        // With some sections there and others not, a name between two `/` may be empty.
        components.retain(|name| !name.is_empty());
        let components: Vec<String> = components.iter().map(|name| component(name)).collect();
        RelPath::of_components(&components)
            .expect("a checked pattern has text outside of its optional parts")
    }

    /// Every field it asks for.
    fn fields(&self) -> Vec<Field> {
        self.pieces.iter().flat_map(fields_of).collect()
    }

    fn check_shape(&self) -> Result<(), TemplateError> {
        let with_all = names(&self.pieces, true);
        if with_all.len() > DEEPEST {
            return Err(TemplateError::TooLong);
        }
        if let Some(beginning) = absolute_beginning(&self.text) {
            return Err(TemplateError::Absolute(beginning));
        }
        let without = names(&self.pieces, false);
        for name in with_all.iter().chain(&without) {
            match name.trim() {
                "" => return Err(TemplateError::EmptyComponent),
                "." | ".." => return Err(TemplateError::Climbs(name.clone())),
                _ => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn fields_of(piece: &Piece) -> Vec<Field> {
    match piece {
        Piece::Field(field) => vec![*field],
        Piece::Section(pieces) => pieces.iter().flat_map(fields_of).collect(),
        Piece::Text(_) | Piece::Separator => Vec::new(),
    }
}

fn fill(pieces: &[Piece], values: &Fields<'_>, components: &mut Vec<String>) {
    for piece in pieces {
        let name = components
            .last_mut()
            .expect("begun with one name, never emptied");
        match piece {
            Piece::Text(text) => name.push_str(text),
            Piece::Field(field) => match values.get(*field) {
                Some(value) => name.push_str(&component(&value)),
                None => name.push_str(field.when_unknown()),
            },
            Piece::Separator => components.push(String::new()),
            Piece::Section(inner) => {
                let known = |field: Field| values.get(field).is_some();
                if fields_of(piece).into_iter().all(known) {
                    fill(inner, values, components);
                }
            }
        }
    }
}

/// The names between the separators as the pattern has them, with all optional parts or none.
/// A field counts as its own name, because it is never empty.
fn names(pieces: &[Piece], sections: bool) -> Vec<String> {
    let mut names = vec![String::new()];
    collect_names(pieces, sections, &mut names);
    names
}

fn collect_names(pieces: &[Piece], sections: bool, names: &mut Vec<String>) {
    for piece in pieces {
        let name = names
            .last_mut()
            .expect("begun with one name, never emptied");
        match piece {
            Piece::Text(text) => name.push_str(text),
            Piece::Field(field) => name.push_str(field.name()),
            Piece::Separator => names.push(String::new()),
            Piece::Section(inner) if sections => collect_names(inner, sections, names),
            Piece::Section(_) => {}
        }
    }
}

/// `/music`, `~/music`, `C:\music`: what a user writes who takes this for the library's place.
fn absolute_beginning(text: &str) -> Option<String> {
    let first = text.split(['/', '\\']).next().unwrap_or(text);
    let drive = first.len() == 2 && first.ends_with(':');
    let rooted = text.starts_with(['/', '\\']);
    if rooted || first == "~" || drive {
        Some(text.chars().take(first.chars().count() + 1).collect())
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
