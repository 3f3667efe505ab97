//! What is wrong with a configuration, told so that it can be put right: where, what, and what
//! would have been accepted. Prints nothing and picks no exit code.

use std::fmt;
use std::path::PathBuf;

use super::nearest::nearest;

/// Everything found wrong with a configuration, at least one problem.
///
/// `Display` shows every problem with its place and the line of the file; [`hint`](Self::hint)
/// says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// One problem.
    pub(super) fn one(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }

    /// The problems in the order of the file, as far as they were found together: a text that
    /// is no YAML has one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What to do about the problem. `None`: the message says all, or there are several
    /// problems and `Display` has the advice below each.
    pub fn hint(&self) -> Option<&str> {
        match self.problems.as_slice() {
            [problem] => problem.hint.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
            if let (2.., Some(hint)) = (self.problems.len(), &problem.hint) {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was said.
    pub place: Place,
    /// What is wrong, one sentence without full stop.
    pub message: String,
    /// The key concerned, with its section: `download.jobs`. `None`: no key's fault.
    pub key: Option<String>,
    /// The known word that was probably meant.
    pub nearest: Option<String>,
    /// What would have been accepted; empty when the message says it.
    pub accepted: Vec<String>,
    /// What to do about it. `None`: the message says all.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of which nothing but the message is known.
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            key: None,
            nearest: None,
            accepted: Vec::new(),
            hint: None,
        }
    }

    /// The same problem, of that key.
    pub(super) fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same problem, with what would have been accepted instead of `typed`.
    pub(super) fn accepted<S: AsRef<str>>(mut self, typed: &str, words: &[S]) -> Self {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        self.nearest = nearest(typed, words.iter().copied()).map(str::to_owned);
        self.accepted = words.into_iter().map(str::to_owned).collect();
        self
    }

    /// The same problem, with an advice.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same problem, with an advice if there is one.
    pub(super) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.message)?;
        if let Some(word) = &self.nearest {
            write!(f, "; did you mean `{word}`?")?;
        }
        if let Place::Line(line) = &self.place {
            line.write_excerpt(f)?;
        }
        if !self.accepted.is_empty() {
            write!(f, "\naccepted: {}", self.accepted.join(", "))?;
        }
        Ok(())
    }
}

/// Where something was said; `Display` leads in a message: `musicdl.yaml:3:7: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a line of the config file.
    Line(Line),
    /// In the config file, or it is the file itself.
    File(PathBuf),
    /// In the environment variable of that name.
    Variable(String),
    /// In the flag of that name, with its dashes.
    Flag(&'static str),
    /// Nobody said it, which is the problem; or the plugin did.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(at) => {
                write!(f, "{}:{}:{}: ", at.file.display(), at.line, at.column)
            }
            Place::File(path) => write!(f, "{}: ", path.display()),
            Place::Variable(name) => write!(f, "{name}: "),
            Place::Flag(name) => write!(f, "{name}: "),
            Place::Nowhere => Ok(()),
        }
    }
}

/// A place in the config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The config file.
    pub file: PathBuf,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// How many characters are meant, at least 1.
    pub width: usize,
    /// The line as far as it may be shown; `None` where it could hold a secret.
    pub text: Option<String>,
}

impl Line {
    /// The line of the file with a caret under what is meant, the way compilers do it.
    fn write_excerpt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = &self.text else {
            return Ok(());
        };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        write!(f, "\n{margin} |\n{number} | {text}")?;
        let length = text.chars().count();
        let start = usize::try_from(self.column).unwrap_or(usize::MAX) - 1;
        // One past the end is where something is missing.
        if start <= length {
            let carets = self.width.min(length - start).max(1);
            let (gap, carets) = (" ".repeat(start), "^".repeat(carets));
            write!(f, "\n{margin} | {gap}{carets}")?;
        }
        Ok(())
    }
}

/// Collects problems, so that the user sees all of them at once.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Problem>);

impl Report {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.0
    }

    /// `value`, if nothing was wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let mut problems = self.0;
        // Sections are read in our order, the user reads the file in his.
        problems.sort_by_key(|problem| match &problem.place {
            Place::Line(at) => (0, at.line, at.column),
            Place::File(_) => (1, 0, 0),
            Place::Variable(_) => (2, 0, 0),
            Place::Flag(_) => (3, 0, 0),
            Place::Nowhere => (4, 0, 0),
        });
        Err(ConfigError { problems })
    }
}
