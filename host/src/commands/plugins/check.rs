//! `musicdl plugins check`: the reviewers' list of one library.

use std::path::Path;

use crate::app::exit::{Exit, Failure};
use crate::kit::child::{self, Message};
use crate::kit::conduct;
use crate::kit::review::{self, Item, Review, Verdict};
use crate::ui::Screen;

pub(super) fn check(file: &Path, screen: &Screen) -> Result<Exit, Failure> {
    let review = reviewed(file)?;
    let exit = exit(&review);
    screen.reviews(&[review]);
    Ok(exit)
}

/// Goes through the whole list, as far as the file lets us.
pub(super) fn reviewed(file: &Path) -> Result<Review, Failure> {
    let unreadable = |error| {
        let message = format!("{} cannot be checked: {error}", file.display());
        Failure::new(Exit::Usage, message)
    };
    let mut items = review::of_file(file).map_err(unreadable)?;
    // What is no plugin by its file is not run.
    if review::worst(&items) != Verdict::Fail {
        let conduct = child::conduct(file);
        items.extend(conduct.map_err(|error| Failure::new(Exit::Unexpected, error))?);
    }
    Ok(Review::new(file, items))
}

fn exit(review: &Review) -> Exit {
    match review.verdict {
        Verdict::Ok | Verdict::Warn => Exit::Success,
        Verdict::Fail => Exit::Partial,
    }
}

/// The child's side.
pub(super) fn in_process(file: &Path, screen: &Screen) -> Exit {
    if let Err(error) = child::confine(file) {
        let item = Item::fail("process", format!("it cannot be confined: {error}"));
        screen.message(&Message::Item(item));
        screen.message(&Message::Done);
        return Exit::Success;
    }
    conduct::of_library(
        file,
        &mut |item| screen.message(&Message::Item(item)),
        &mut |what| screen.message(&Message::Doing(what.to_owned())),
    );
    screen.message(&Message::Done);
    Exit::Success
}
