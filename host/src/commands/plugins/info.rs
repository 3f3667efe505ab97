//! `musicdl plugins info`: one source in full.

use crate::app::exit::{Exit, Failure};
use crate::app::sources::{self, Sources};
use crate::commands::environment::Environment;
use crate::commands::run::runtime;
use crate::plugin::PluginInfo;
use crate::ui::Screen;

pub(super) fn info(
    environment: &Environment,
    name: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let runtime = runtime()?;
    let within = runtime.enter();
    let sources = sources::load(&config)?;
    let found = sources
        .registry
        .sources
        .iter()
        .find(|source| source.name.as_str() == name)
        .map(PluginInfo::from)
        .or_else(|| {
            let mut refused = sources.registry.refused.iter();
            refused.find_map(|refusal| PluginInfo::of_refused(refusal).filter(|it| it.name == name))
        })
        .ok_or_else(|| unknown(name, &sources));
    drop(within);
    runtime.shutdown_background();
    screen.plugin(&found?);
    Ok(Exit::Success)
}

/// No plugin of that name was loaded.
pub(super) fn unknown(name: &str, sources: &Sources) -> Failure {
    let names: Vec<&str> = sources
        .registry
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    let hint = match names.as_slice() {
        [] => "no plugin is loaded; name their directory with --plugins".to_owned(),
        names => format!("there are: {}", names.join(", ")),
    };
    Failure::new(Exit::Usage, format!("no plugin is named `{name}`")).with_hint(hint)
}
