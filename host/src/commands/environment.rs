//! What a command finds when it starts: arguments, environment variables, current directory.

use std::path::PathBuf;

use crate::app::exit::{Exit, Failure};
use crate::cli::Global;
use crate::config::{self, Config, Flags, Inputs};

/// Everything around the program, taken once.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) global: Global,
    variables: Vec<(String, String)>,
    cwd: PathBuf,
}

impl Environment {
    pub(super) fn of_process(global: Global) -> Result<Self, Failure> {
        let cwd = std::env::current_dir().map_err(|error| {
            Failure::new(
                Exit::Disk,
                format!("the current directory cannot be used: {error}"),
            )
        })?;
        let variables = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            global,
            variables,
            cwd,
        })
    }

    /// The configuration of a command that places music.
    pub(super) fn config(&self, jobs: Option<usize>) -> Result<Config, Failure> {
        Ok(config::load(&self.inputs(jobs))?)
    }

    /// The configuration of a command that only looks.
    pub(super) fn config_to_look(&self) -> Result<Config, Failure> {
        Ok(config::load_without_library(&self.inputs(None))?)
    }

    /// The same, with variables of the plugins' bench that count more than the process's.
    pub(super) fn config_with(&self, variables: &[(String, String)]) -> Result<Config, Failure> {
        let mut inputs = self.inputs(None);
        inputs
            .env
            .retain(|(key, _)| !variables.iter().any(|(known, _)| known == key));
        inputs.env.extend_from_slice(variables);
        Ok(config::load_without_library(&inputs)?)
    }

    fn inputs(&self, jobs: Option<usize>) -> Inputs {
        Inputs {
            file: self.global.config.clone(),
            env: self.variables.clone(),
            cwd: self.cwd.clone(),
            flags: Flags {
                library: self.global.library.clone(),
                state: self.global.state.clone(),
                plugins: self.global.plugins.clone(),
                jobs,
                playlists: self.global.playlist.clone(),
            },
        }
    }
}
