//! `musicdl plugins dev`: build, load in a fresh child, and do what each line says. The
//! parent builds and reads lines; the child has the library and answers.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, BufRead};
use std::path::Path;
use std::sync::Arc;

use musicdl_plugin_api::Settings;

use crate::app::exit::{Exit, Failure};
use crate::app::sources::{facts_of, net_options, unusable_network};
use crate::commands::environment::Environment;
use crate::commands::run::runtime;
use crate::kit::bench::build::build;
use crate::kit::bench::watched::Watched;
use crate::kit::bench::{Around, Bench, HELP, Say};
use crate::kit::child::{Child, ChildError, IN_PROCESS, Message};
use crate::plugin::LoadedLibrary;
use crate::plugin::services::{HostNet, ServiceContext, SourceFacts, SourceServices};
use crate::ui::Screen;

/// The parent's side. Ends with `quit` or the end of the input; partly done when there is
/// no running plugin then.
pub(super) fn dev(environment: &Environment, dir: &Path, screen: &Screen) -> Result<Exit, Failure> {
    if !dir.join("Cargo.toml").is_file() {
        let message = format!("{} has no Cargo.toml", dir.display());
        return Err(Failure::new(Exit::Usage, message)
            .with_hint("name the directory of a plugin's crate; `plugins new` makes one"));
    }
    let mut child = started(environment, dir, screen);
    screen.prompt();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| {
            Failure::new(
                Exit::Unexpected,
                format!("the input cannot be read: {error}"),
            )
        })?;
        match line.trim() {
            "" => {}
            comment if comment.starts_with('#') => {}
            "quit" | "exit" => break,
            "help" => screen.line(HELP),
            "reload" => {
                // Gone before its file is built anew.
                drop(child.take());
                child = started(environment, dir, screen);
            }
            asked => child = answered(child, asked, screen),
        }
        screen.prompt();
    }
    Ok(if child.is_some() {
        Exit::Success
    } else {
        Exit::Partial
    })
}

/// Builds, starts a child, and waits until it has loaded the library. `None` when one of
/// these failed, which was told; the author mends it and says `reload`.
fn started(environment: &Environment, dir: &Path, screen: &Screen) -> Option<Child> {
    let library = match build(dir) {
        Ok(library) => library,
        Err(error) => {
            screen.line(&error.to_string());
            return None;
        }
    };
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(config) = &environment.global.config {
        arguments.extend(["--config".into(), config.into()]);
    }
    arguments.extend(["plugins", "dev", IN_PROCESS].map(OsString::from));
    arguments.push(library.into());
    let started = Child::start(arguments).and_then(|mut child| {
        listen(&mut child, screen)?;
        Ok(child)
    });
    told(started, screen)
}

fn answered(child: Option<Child>, line: &str, screen: &Screen) -> Option<Child> {
    let Some(mut child) = child else {
        screen.line("nothing is loaded; mend it and say `reload`");
        return None;
    };
    let answered = child
        .ask(line)
        .and_then(|()| listen(&mut child, screen))
        .map(|()| child);
    told(answered, screen)
}

fn told(child: Result<Child, ChildError>, screen: &Screen) -> Option<Child> {
    match child {
        Ok(child) => Some(child),
        Err(error) => {
            screen.line(&format!("{error}; say `reload` to begin anew"));
            None
        }
    }
}

/// Shows what the child says, until it is done with what it was asked. Without a time
/// limit: its author sits before it, and Ctrl-C ends both.
fn listen(child: &mut Child, screen: &Screen) -> Result<(), ChildError> {
    loop {
        match child.next(None)? {
            Message::Say(line) => screen.line(&line),
            Message::Done => return Ok(()),
            Message::Doing(_) | Message::Item(_) => {}
        }
    }
}

/// The child's side: a line in, lines out.
pub(super) fn in_process(
    environment: &Environment,
    library: &Path,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let _within = runtime.enter();
    let config = environment.config_to_look()?;
    let net = HostNet::new(net_options(&config.network), runtime.handle().clone())
        .map_err(unusable_network)?;
    // What a plugin keeps while it is tried is not mixed with what it keeps for runs.
    let kept = tempfile::tempdir()
        .map_err(|error| Failure::new(Exit::Disk, format!("no temporary directory: {error}")))?;
    let context = ServiceContext {
        net,
        store_dir: kept.path().to_owned(),
        temp_root: kept.path().to_owned(),
    };
    let say: Say = Arc::new(|line| Screen::say_to_parent(&line));
    let facts: RefCell<SourceFacts> = RefCell::default();
    let around = Around {
        settings: &|library, given| {
            let (settings, found) = resolved(environment, library, given)?;
            facts.replace(found);
            Ok(settings)
        },
        services: &|library| {
            let services = context.services(library.name.clone(), facts.take());
            Arc::new(Watched::new(services, Arc::clone(&say))) as Arc<dyn SourceServices>
        },
        say: Arc::clone(&say),
    };
    match Bench::open(library, around) {
        Ok(mut bench) => {
            screen.message(&Message::Done);
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                bench.run(&line);
                screen.message(&Message::Done);
            }
        }
        Err(problem) => say(problem),
    }
    Ok(Exit::Success)
}

/// The settings as a run would give them, those of the bench counting most.
fn resolved(
    environment: &Environment,
    library: &LoadedLibrary,
    given: &[(String, String)],
) -> Result<(Settings, SourceFacts), String> {
    let name = library.name.as_str().to_ascii_uppercase();
    let variables: Vec<(String, String)> = given
        .iter()
        .map(|(key, value)| {
            let key = key.to_ascii_uppercase();
            (format!("MUSICDL_SOURCES_{name}_{key}"), value.clone())
        })
        .collect();
    let config = environment
        .config_with(&variables)
        .map_err(|failure| failure.message)?;
    let resolved = config
        .source(&library.name)
        .settings(&library.declaration.settings)
        .map_err(|error| error.to_string())?;
    let facts = facts_of(&resolved, &library.declaration);
    Ok((resolved.settings, facts))
}
