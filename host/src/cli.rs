//! Arguments as the user typed them; opens nothing.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// Turns a want-list into a verified, tagged music library, from the sources you have.
#[derive(Debug, Parser)]
#[command(name = "musicdl", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; `run` when nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,

    /// What holds for `run`, which need not be named.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Config file [default: ./musicdl.yaml]
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Directory of source plugins; may be given more than once
    #[arg(long, value_name = "DIR", global = true)]
    pub plugins: Vec<PathBuf>,

    /// Directory of the music library
    #[arg(long, value_name = "DIR", global = true)]
    pub library: Option<PathBuf>,

    /// Directory of the journal [default: .musicdl beside the config file]
    #[arg(long, value_name = "DIR", global = true)]
    pub state: Option<PathBuf>,

    /// Playlist file to fetch, with or without a config; may be given more than once
    #[arg(long, value_name = "FILE", global = true)]
    pub playlist: Vec<PathBuf>,

    /// Print data as JSON: one document, or one event a line for `run`
    #[arg(long, global = true)]
    pub json: bool,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more; twice for everything
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Lines instead of bars, also on a terminal
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// What holds for a run.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Tracks fetched at once
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,

    /// Carry out a plan that `plan --save` wrote, instead of making one
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,

    /// Carry out only what this list names (`plan --list` writes one); may be given more than once
    #[arg(long, value_name = "LIST")]
    pub include: Vec<PathBuf>,

    /// Leave out what this list names; may be given more than once
    #[arg(long, value_name = "LIST")]
    pub exclude: Vec<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fetch everything wanted that is not there yet
    Run(RunArgs),
    /// Show what is wanted, where it goes and what is there already
    Plan {
        /// Also write the plan to a file, for `run --plan`
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Also write a list of what would be fetched, to be cut and given to `run --include`
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
    },
    /// Show how things stand after the last run, or during one
    Status {
        /// Show it again whenever it changes, until the run has ended
        #[arg(short, long)]
        watch: bool,
    },
    /// Do not fetch a track, in the run that is going on or any other
    Cancel {
        /// The track: its id, or words of its name
        #[arg(required_unless_present = "source")]
        item: Option<String>,
        /// Instead, ask this source no more in the run that is going on
        #[arg(long, value_name = "SOURCE", conflicts_with = "item")]
        source: Option<String>,
    },
    /// Try again what failed, or the tracks that are named, also those that were cancelled
    Retry {
        /// The tracks: their ids, or words of their names; what failed if none is named
        #[arg(value_name = "ITEM")]
        items: Vec<String>,
        /// Also everything that failed
        #[arg(long)]
        failed: bool,
    },
    /// Show every candidate for a track, how each scores and which rule decided
    Explain {
        /// The track: its id, or words of its name
        item: String,
    },
    /// Show the tags of files, or write them: the sound is compared before and after
    Tag {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write a tag, such as title=Bluebird, track=3/12 or, once for each, artist=Ann
        #[arg(long, value_name = "TAG=VALUE")]
        set: Vec<String>,
        /// Write what the journal has from catalogs, for files that a run placed; asks nobody
        #[arg(long)]
        from_catalog: bool,
    },
    /// List the source plugins: version, what is missing, load time, or why one was refused;
    /// or make, check, install and describe one
    #[command(args_conflicts_with_subcommands = true)]
    Plugins {
        /// What to do; the list when nothing is named
        #[command(subcommand)]
        action: Option<PluginsAction>,

        /// Also ask each configured source whether it can be reached
        #[arg(long)]
        check: bool,
    },
}

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum PluginsAction {
    /// Load from now on only the plugins that are there now, until told again
    ///
    /// Writes plugins.lock into each plugin directory and shows what changed. From then on a
    /// file that is not listed in it, or was changed, is refused.
    Trust {
        /// Files to trust, by path, or by name in a plugin directory; all files if none is named
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Begin a plugin: a crate whose tests pass as it is
    New {
        /// Name in the config: lower-case words joined by `_`
        name: String,
        /// For a service that has whole albums only
        #[arg(long)]
        album_only: bool,
        /// Directory of the crate [default: ./NAME]
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
        /// A checkout of musicdl-plugin-api to build against, instead of the published crate
        #[arg(long, value_name = "DIR")]
        plugin_api: Option<PathBuf>,
    },
    /// Review a library before it is used: symbols, API, layout, settings, needs, conduct
    Check {
        /// The library
        #[arg(required = true)]
        file: PathBuf,
        /// Run the library in this process and say what it does, for the process that asked
        #[arg(long, hide = true)]
        in_process: bool,
    },
    /// Build a plugin and try it by hand: settings, searches, downloads, reloading
    Dev {
        /// Directory of the crate
        dir: PathBuf,
        /// Run the library in this process, for the process that asked
        #[arg(long, hide = true)]
        in_process: bool,
    },
    /// Put libraries into the plugin directory, after a check
    Install {
        /// The libraries
        #[arg(required = true)]
        file: Vec<PathBuf>,
        /// The directory [default: the first one that is configured]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Take a plugin out of its directory
    Remove {
        /// Name in the config, or of the file
        name: String,
    },
    /// Describe a plugin: settings, limits, capabilities, hosts
    Info {
        /// Name in the config
        name: String,
    },
}

impl Cli {
    /// An option of `run` that was given to another command, where it would do nothing.
    pub fn misplaced(&self) -> Option<&'static str> {
        match self.command {
            None | Some(Command::Run(_)) => None,
            Some(
                Command::Plan { .. }
                | Command::Status { .. }
                | Command::Cancel { .. }
                | Command::Retry { .. }
                | Command::Explain { .. }
                | Command::Tag { .. }
                | Command::Plugins { .. },
            ) => {
                // What was found to fail may be tried with fewer or more at once.
                let jobs_count = !matches!(self.command, Some(Command::Retry { .. }));
                let RunArgs {
                    dry_run,
                    jobs,
                    plan,
                    include,
                    exclude,
                } = &self.run;
                [
                    (*dry_run, "--dry-run"),
                    (jobs.is_some() && jobs_count, "--jobs"),
                    (plan.is_some(), "--plan"),
                    (!include.is_empty(), "--include"),
                    (!exclude.is_empty(), "--exclude"),
                ]
                .into_iter()
                .find_map(|(given, name)| given.then_some(name))
            }
        }
    }
}

impl RunArgs {
    /// The options given before `run` and those given after it, as one.
    #[must_use]
    pub fn merge(mut self, after: RunArgs) -> RunArgs {
        self.include.extend(after.include);
        self.exclude.extend(after.exclude);
        RunArgs {
            dry_run: self.dry_run || after.dry_run,
            jobs: after.jobs.or(self.jobs),
            plan: after.plan.or(self.plan),
            include: self.include,
            exclude: self.exclude,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_what_is_done_when_nothing_is_named() {
        let cli = Cli::parse_from(["musicdl", "--plugins", "./plugins", "-j", "2"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.run.jobs, Some(2));
    }

    #[test]
    fn an_option_of_run_is_not_swallowed_by_another_command() {
        for (arguments, misplaced) in [
            (["musicdl", "-n", "status"], Some("--dry-run")),
            (["musicdl", "-j2", "plan"], Some("--jobs")),
            (["musicdl", "-q", "plan"], None),
            (["musicdl", "-j2", "run"], None),
        ] {
            assert_eq!(
                Cli::parse_from(arguments).misplaced(),
                misplaced,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn plugins_are_listed_when_nothing_else_is_said() {
        let action = |words: &[&str]| {
            let cli = Cli::parse_from(["musicdl", "plugins"].iter().chain(words));
            match cli.command {
                Some(Command::Plugins { action, check }) => (action, check),
                other => panic!("{other:?}"),
            }
        };
        assert!(matches!(action(&[]), (None, false)));
        assert!(matches!(action(&["--check"]), (None, true)));
        let (trust, _) = action(&["trust", "a.so", "b.so"]);
        let Some(PluginsAction::Trust { files }) = trust else {
            panic!("not trust")
        };
        assert_eq!(files, ["a.so", "b.so"].map(PathBuf::from));
    }

    #[test]
    fn options_count_before_and_after_the_word_run() {
        let cli = Cli::parse_from(["musicdl", "-n", "run", "-j", "2"]);
        let Some(Command::Run(after)) = cli.command else {
            panic!("not run")
        };
        let run = cli.run.merge(after);
        assert!(run.dry_run);
        assert_eq!(run.jobs, Some(2));
    }
}
