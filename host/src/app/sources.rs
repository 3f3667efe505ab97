//! Plugins and config -> the sources of a run, in the user's order.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use musicdl_plugin_api::Declaration;
use secrecy::SecretString;

use super::exit::{Exit, Failure};
use super::programs::this_program;
use crate::config::{
    self, Config, NetworkConfig, PaceConfig, ProxyChoice, ResolvedSettings, SourceConfig,
};
use crate::engine::{Deadlines, PaceWish, SourceHandle};
use crate::music::SourceName;
use crate::plugin::sandbox::strength;
use crate::plugin::scratch::Scratch;
use crate::plugin::services::{HostNet, NetError, NetOptions, Route, ServiceContext, SourceFacts};
use crate::plugin::{
    Isolation, LoadedSource, Making, ProcessOptions, RefusalReason, Registry, Sandbox,
};
use crate::publish::Publisher;

/// Longer than the usual pause between two calls of a run, such as a service's wait of a
/// minute: a source may have read a whole disk for its first answer, and would again.
const IDLE_STOP: Duration = Duration::from_secs(600);

/// What loading came to.
pub(crate) struct Sources {
    pub(crate) registry: Registry,
    /// Worth telling: doubts about settings, sources named in the config and not there.
    pub(crate) warnings: Vec<String>,
    sandbox: Option<Arc<Sandbox>>,
    // Last: the sources leave before their scratch space does.
    _scratch: Scratch,
}

/// Loads every plugin with its settings. Called within the runtime, whose threads carry the
/// plugins' requests.
pub(crate) fn load(config: &Config) -> Result<Sources, Failure> {
    let scratch = Scratch::below(&std::env::temp_dir()).map_err(no_scratch)?;
    let context = service_context(config, scratch.path().to_owned())?;
    let warnings = RefCell::new(Vec::new());
    // The settings are read once; what the services need of them waits here.
    let facts: RefCell<Vec<(SourceName, SourceFacts)>> = RefCell::default();
    let making = Making {
        settings: &|name, declaration| {
            let resolved = config
                .source(name)
                .settings(&declaration.settings)
                .map_err(|error| error.to_string())?;
            let known = facts_of(&resolved, declaration);
            warnings.borrow_mut().extend(resolved.warnings);
            facts.borrow_mut().push((name.clone(), known));
            Ok(resolved.settings)
        },
        services: &|name, _declaration| {
            let mut all = facts.borrow_mut();
            let kept = all.iter().position(|(known, _)| known == name);
            let kept = kept.map(|at| all.swap_remove(at).1).unwrap_or_default();
            context.services(name.clone(), kept)
        },
        isolation: isolation(config)?,
    };
    let sandbox = match &making.isolation {
        Isolation::Process(options) => options.sandbox.clone(),
        Isolation::None => None,
    };
    let registry = Registry::open(&config.plugins, &making).map_err(|error| {
        Failure::new(Exit::Usage, error).with_hint(
            "name the directory with --plugins, MUSICDL_PLUGINS or `plugins:` in the config",
        )
    })?;
    let mut warnings = warnings.into_inner();
    if sandbox.is_some() {
        warnings.extend(strength().warning().map(str::to_owned));
    }
    for listed in config.sources.iter().filter(|listed| listed.enabled) {
        if registry.get(&listed.name).is_none() {
            warnings.push(format!(
                "the source `{}` is in the config, but no plugin of that name was loaded",
                listed.name
            ));
        }
    }
    warnings.extend(config.stray_variables(registry.names()));
    Ok(Sources {
        registry,
        warnings,
        sandbox,
        _scratch: scratch,
    })
}

/// What services stand on, with scratch directories below `temp_root`. Called within the
/// runtime.
pub(crate) fn service_context(
    config: &Config,
    temp_root: PathBuf,
) -> Result<ServiceContext, Failure> {
    let net = HostNet::new(
        net_options(&config.network),
        tokio::runtime::Handle::current(),
    )
    .map_err(unusable_network)?;
    Ok(ServiceContext {
        net,
        store_dir: config.state.join("plugins"),
        temp_root,
    })
}

/// What the user says of a source's pace.
fn pace_wish(source: &SourceConfig) -> PaceWish {
    let PaceConfig {
        search_concurrency,
        search_spacing,
        download_spacing,
        search_window,
    } = source.pace;
    PaceWish {
        search_concurrency,
        download_concurrency: source.concurrency,
        search_spacing,
        download_spacing,
        search_window,
    }
}

/// What the services of a source need to know of its settings.
pub(crate) fn facts_of(resolved: &ResolvedSettings, declaration: &Declaration) -> SourceFacts {
    SourceFacts {
        secrets: resolved
            .secrets
            .iter()
            .map(|secret| SecretString::from(secret.expose()))
            .collect(),
        named_servers: resolved.servers.clone(),
        declared_hosts: declaration.hosts.clone(),
    }
}

/// The user's words, as the HTTP service has them.
pub(crate) fn net_options(network: &NetworkConfig) -> NetOptions {
    let default = NetOptions::default();
    NetOptions {
        connect: network.connect_timeout,
        first_byte: network.first_byte_timeout,
        stall: network.stall_timeout,
        route: match &network.proxy {
            ProxyChoice::System => Route::SystemProxy,
            ProxyChoice::Direct => Route::Direct,
            ProxyChoice::Url(url) => Route::Proxy(SecretString::from(url.expose())),
        },
        ca_file: network.ca_file.clone(),
        user_agent: network.user_agent.clone().unwrap_or(default.user_agent),
        allow_hosts: network.allow_hosts.clone(),
        slow: default.slow,
        lookup: default.lookup,
        traffic: default.traffic,
    }
}

pub(crate) fn unusable_network(error: NetError) -> Failure {
    let (exit, hint) = match &error {
        NetError::CaFile { .. } | NetError::NoCertificate { .. } => {
            (Exit::Usage, "`network.ca_file` in the config names it")
        }
        NetError::Proxy => (Exit::Usage, "`network.proxy` in the config is its URL"),
        NetError::UserAgent => (Exit::Usage, "it is `network.user_agent` in the config"),
        NetError::Client(_) => (Exit::Network, "or set `network.proxy` in the config"),
    };
    Failure::new(exit, error).with_hint(hint)
}

fn no_scratch(error: io::Error) -> Failure {
    let at = std::env::temp_dir();
    Failure::new(
        Exit::Disk,
        format!(
            "there is no scratch space for plugins in `{}`: {error}",
            at.display()
        ),
    )
    .with_hint("free some space there, or name another directory in TMPDIR")
}

/// Where the libraries run, with the user's deadlines.
pub(crate) fn isolation(config: &Config) -> Result<Isolation, Failure> {
    match config.isolation {
        config::Isolation::None => Ok(Isolation::None),
        config::Isolation::Process => {
            let program = this_program().map_err(|error| {
                Failure::new(
                    Exit::Unexpected,
                    format!("the system does not say which program this is: {error}"),
                )
                .with_hint("`isolation: none` in the config does without")
            })?;
            Ok(Isolation::Process(Arc::new(ProcessOptions {
                check_connection: config.limits.connect_check_timeout,
                search: config.limits.search_timeout,
                idle_stop: IDLE_STOP,
                sandbox: Some(Arc::new(Sandbox::new(
                    config.state.join("plugins/cache"),
                    config.limits.plugin_memory,
                ))),
                ..ProcessOptions::of_program(program)
            })))
        }
    }
}

impl Sources {
    /// Lets the sources write where that library keeps what is being fetched, each in a
    /// directory of its own.
    pub(crate) fn deliver_to(&self, publisher: &Arc<Publisher>) {
        if let Some(sandbox) = &self.sandbox {
            let publisher = Arc::clone(publisher);
            sandbox.allow_downloads(Box::new(move |source| {
                publisher.room_of(source).map_err(io::Error::other)
            }));
        }
    }

    /// What is wrong with the settings of sources, as it is with any other key of the config:
    /// a run without the source that its owner just mistyped is not what was asked for.
    pub(crate) fn refuse_mistakes(&self) -> Result<(), Failure> {
        let mistakes: Vec<&str> = self
            .registry
            .refused
            .iter()
            .filter_map(|refusal| match &refusal.reason {
                RefusalReason::Settings(mistake) => Some(mistake.as_str()),
                RefusalReason::NotAFile(_)
                | RefusalReason::Load(_)
                | RefusalReason::NameTaken { .. }
                | RefusalReason::Create(_) => None,
            })
            .collect();
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Exit::Usage, mistakes.join("\n")))
    }

    /// The sources to use, in the config's order; those it does not list follow in the order
    /// in which they were loaded.
    pub(crate) fn in_order(&self, config: &Config) -> Vec<&LoadedSource> {
        let listed = config
            .sources
            .iter()
            .filter_map(|listed| self.registry.get(&listed.name));
        let others = self.registry.sources.iter().filter(|source| {
            !config
                .sources
                .iter()
                .any(|listed| listed.name == source.name)
        });
        listed
            .chain(others)
            .filter(|source| config.source(&source.name).enabled && source.configured)
            .collect()
    }

    /// The same as handles of the engine.
    pub(crate) fn handles(&self, config: &Config) -> Vec<SourceHandle> {
        let deadlines = Deadlines {
            search: config.limits.search_timeout,
            stall: config.limits.download_stall,
            queue: config.limits.queue_wait,
            follow: config.limits.follow_stall,
        };
        self.in_order(config)
            .into_iter()
            .map(|source| {
                SourceHandle::new(
                    source.name.clone(),
                    Arc::clone(&source.source),
                    source.declaration.capabilities,
                    source.declaration.limits.clone(),
                    pace_wish(&config.source(&source.name)),
                    deadlines,
                )
            })
            .collect()
    }

    /// Why there is no source to take anything from.
    pub(crate) fn nothing_usable(&self, config: &Config) -> Failure {
        let mut reasons: Vec<String> = self
            .registry
            .refused
            .iter()
            .map(|refusal| format!("{}: {}", refusal.file.display(), refusal.reason))
            .collect();
        for source in &self.registry.sources {
            if !config.source(&source.name).enabled {
                reasons.push(format!("{}: switched off by `enabled: false`", source.name));
            } else if source.missing.is_empty() {
                reasons.push(format!("{}: says that it is not configured", source.name));
            } else {
                reasons.push(format!(
                    "{}: needs `{}`",
                    source.name,
                    source.missing.join("`, `")
                ));
            }
        }
        if reasons.is_empty() {
            reasons.push(match config.plugins.as_slice() {
                [] => "no plugin directory is named".to_owned(),
                dirs => {
                    let dirs: Vec<String> = dirs
                        .iter()
                        .map(|dir: &PathBuf| dir.display().to_string())
                        .collect();
                    format!("no plugin in {}", dirs.join(", "))
                }
            });
        }
        Failure::new(
            Exit::NoSource,
            format!("no usable source\n  {}", reasons.join("\n  ")),
        )
        .with_hint("`musicdl plugins` lists what was loaded and what is missing")
    }
}
