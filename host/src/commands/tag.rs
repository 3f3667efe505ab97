//! `musicdl tag`: shows the tags of single files, and writes them: into a copy, which takes the
//! place of the file once its audio is known to be the same.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::environment::Environment;
use crate::app::engine_config::id3_of;
use crate::app::exit::{Exit, Failure};
use crate::config::Config;
use crate::publish::{SwapError, swap};
use crate::state::{ReadOnlyState, StateError};
use crate::tagging::{self, Id3, TagError, Tags};
use crate::text::plain;
use crate::ui::Screen;
use crate::verify;

/// What is to be written.
pub(super) struct Wanted<'a> {
    /// `title=Bluebird` and the like.
    pub(super) set: &'a [String],
    /// Also what the journal knows of a file that a run placed.
    pub(super) from_catalog: bool,
}

/// One file, as data.
#[derive(Debug, Serialize)]
struct Tagged {
    path: PathBuf,
    /// Whether it was written.
    written: bool,
    /// Its tags afterwards: names as for `--set`, in order, repeated for several values.
    tags: Vec<Tag>,
    /// Why it was not shown or written.
    error: Option<String>,
    /// Other names of the file, which keep the tags it had.
    other_names: u64,
}

#[derive(Debug, Serialize)]
struct Tag {
    name: &'static str,
    value: String,
}

pub(super) fn tag(
    environment: &Environment,
    files: &[PathBuf],
    wanted: &Wanted<'_>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let mut given = Tags::default();
    for assignment in wanted.set {
        given
            .assign(assignment)
            .map_err(|error| Failure::new(Exit::Usage, format!("--set: {error}")))?;
    }
    let (catalog, id3) = match wanted.from_catalog {
        true => {
            let config = environment.config(None)?;
            (Some(Catalog::open(&config)?), id3_of(&config))
        }
        false => (None, id3_of(&environment.config_to_look()?)),
    };
    let done: Vec<Tagged> = files
        .iter()
        .map(|path| of_file(path, &given, catalog.as_ref(), id3))
        .collect();
    let failed = done.iter().filter(|file| file.error.is_some()).count();
    let words: Vec<String> = done.iter().map(Tagged::words).collect();
    screen.answer(&done, &words.join("\n"));
    for file in &done {
        let mut warnings: Vec<String> = file.error.iter().cloned().collect();
        if file.other_names > 0 {
            warnings.push(format!(
                "{} has {} other names, which keep the tags it had",
                file.path.display(),
                file.other_names
            ));
        }
        screen.warnings(&warnings);
    }
    Ok(if failed == 0 {
        Exit::Success
    } else {
        Exit::Partial
    })
}

fn of_file(path: &Path, given: &Tags, catalog: Option<&Catalog>, id3: Id3) -> Tagged {
    let mut file = Tagged {
        path: path.to_owned(),
        written: false,
        tags: Vec::new(),
        error: None,
        other_names: 0,
    };
    let done = tags_for(path, given, catalog).and_then(|tags| {
        let has = tagging::read(path).map_err(|error| error.to_string())?;
        if !has.say_all_of(&tags) {
            file.other_names = write(path, &tags, id3)?;
            file.written = true;
        }
        tagging::read(path).map_err(|error| error.to_string())
    });
    match done {
        Ok(tags) => {
            let shown = tags.shown().into_iter();
            file.tags = shown.map(|(name, value)| Tag { name, value }).collect();
        }
        Err(error) => file.error = Some(error),
    }
    file
}

/// What is to be in the file: what the journal knows, and above that what was typed.
fn tags_for(path: &Path, given: &Tags, catalog: Option<&Catalog>) -> Result<Tags, String> {
    let Some(catalog) = catalog else {
        return Ok(given.clone());
    };
    let mut tags = catalog.tags_of(path)?;
    tags.take_over(given);
    Ok(tags)
}

fn write(path: &Path, tags: &Tags, id3: Id3) -> Result<u64, String> {
    let container = verify::container_of(path).map_err(|error| error.to_string())?;
    let make = |to: &Path| -> Result<(), TagError> {
        tagging::write_copy(path, to, tags, tagging::Art::AsItIs, container, id3).map(drop)
    };
    swap(path, make).map_err(|error: SwapError<TagError>| error.to_string())
}

impl Tagged {
    fn words(&self) -> String {
        let mark = if self.written { " (written)" } else { "" };
        let mut text = plain(&format!("{}{mark}", self.path.display()));
        for Tag { name, value } in &self.tags {
            for (at, line) in value.lines().enumerate() {
                let name = if at == 0 { *name } else { "" };
                text.push_str(&format!("\n  {name:14} {}", plain(line)));
            }
        }
        text
    }
}

/// What earlier runs wrote down of the files they placed. Asks nobody.
struct Catalog {
    state: ReadOnlyState,
    library: PathBuf,
}

impl Catalog {
    fn open(config: &Config) -> Result<Self, Failure> {
        let state = match ReadOnlyState::open(&config.state) {
            Ok(state) => state,
            Err(error @ StateError::Absent { .. }) => {
                return Err(Failure::new(Exit::Usage, format!("--from-catalog: {error}"))
                    .with_hint("it knows what runs wrote down of the files they placed; other files can be tagged by --set"));
            }
            Err(error) => return Err(error.into()),
        };
        let library = &config.library.path;
        let library = library.canonicalize().unwrap_or_else(|_| library.clone());
        Ok(Self { state, library })
    }

    fn tags_of(&self, path: &Path) -> Result<Tags, String> {
        let full = path
            .canonicalize()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let below = full.strip_prefix(&self.library).ok().and_then(Path::to_str);
        let track = match below {
            Some(below) => self
                .state
                .placed_track(below)
                .map_err(|error| error.to_string())?,
            None => None,
        };
        match track {
            Some(track) => Ok(Tags::from_track(&track)),
            None => Err(format!(
                "{}: no run placed this file in {}, so no catalog's word on it is known",
                path.display(),
                self.library.display()
            )),
        }
    }
}
