//! `musicdl plugins new`: a crate to begin with.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::exit::{Exit, Failure};
use crate::kit::template::{Offering, Template, TemplateError};
use crate::text::plain;
use crate::ui::Screen;

pub(super) fn new(
    name: &str,
    album_only: bool,
    path: Option<PathBuf>,
    plugin_api: Option<&Path>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let offering = if album_only {
        Offering::Albums
    } else {
        Offering::Tracks
    };
    let template = Template::new(name, offering, plugin_api)?;
    let dir = path.unwrap_or_else(|| PathBuf::from(name));
    template.write(&dir)?;
    let shown = dir.display().to_string();
    screen.answer(
        &json!({ "package": template.package(), "directory": shown }),
        &format!(
            "{} is in {}\nnext: cd there, `cargo test`, and open src/api.rs",
            template.package(),
            plain(&shown)
        ),
    );
    Ok(Exit::Success)
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Name(_)
            | TemplateError::Reserved(_)
            | TemplateError::PluginApi { .. } => Failure::new(Exit::Usage, error),
            TemplateError::Exists(_) => Failure::new(Exit::Usage, error)
                .with_hint("name another directory with --path, or remove that one"),
            TemplateError::Write { .. } => Failure::new(Exit::Disk, error),
        }
    }
}
