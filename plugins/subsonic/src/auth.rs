//! Logging in: what each form puts into a request, and which form the server understands.
//!
//! There is no session; every call carries its login. The forms are tried in the order of
//! the settings until the server understands one, and the instance then stays with it.
//! Going on is decided by what the server says of the *form*; a wrong password is never
//! tried again in a weaker form.
//!
//! Parameters: <https://opensubsonic.netlify.app/docs/api-reference/#authentication>

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use md5::{Digest, Md5};
use musicdl_plugin_api::SourceError;

use crate::config::{Account, Login};
use crate::error::Failure;

/// Old servers refuse a client that says a later protocol than theirs (error 30), so each
/// form says the first protocol that has it; nothing else we use is younger.
const WITH_TOKENS: &str = "1.13.0";
const BEFORE_TOKENS: &str = "1.12.0";
/// Keys are an extension of OpenSubsonic, whose servers all speak this one.
const WITH_KEYS: &str = "1.16.1";
/// How we call ourselves; servers keep settings per client name.
const CLIENT: &str = "musicdl";

/// The logins of an instance and how far down it has gone.
#[derive(Debug)]
pub(crate) struct Ladder {
    logins: Vec<Login>,
    /// Which of them the server understood; [`NONE`] before one was.
    understood: AtomicUsize,
}

/// No login.
const NONE: usize = usize::MAX;

impl Ladder {
    /// `logins` has at least one entry.
    pub(crate) fn new(logins: Vec<Login>) -> Self {
        Self {
            logins,
            understood: AtomicUsize::new(NONE),
        }
    }

    /// Runs `call` with the login that is known to be understood, or with one after the
    /// other until one is.
    pub(crate) fn climb<T>(
        &self,
        call: impl Fn(&Login) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut at = self.at();
        loop {
            let outcome = call(&self.logins[at]);
            match outcome {
                Err(failure) if self.form_is_refused(at, &failure) => {
                    at += 1;
                    if at == self.logins.len() {
                        return Err(Failure::LoginNotUnderstood {
                            tried: self.logins.iter().map(Login::form).collect(),
                            last: Box::new(failure),
                        });
                    }
                }
                outcome => {
                    if is_about_more_than_the_form(&outcome) {
                        // Calls that run at the same time come to the same end.
                        self.understood.store(at, Ordering::Relaxed);
                    }
                    return outcome;
                }
            }
        }
    }

    /// Whether the server said that it does not know this form of login.
    ///
    /// Error 10 (a parameter is missing) is what servers older than the form say, because
    /// they look for another parameter. Once this form was understood it means another one;
    /// that a call at the same time got further says nothing for it.
    fn form_is_refused(&self, at: usize, failure: &Failure) -> bool {
        match failure {
            Failure::Service { code: 41 | 42, .. } => true,
            Failure::Service { code: 10, .. } => self.understood.load(Ordering::Relaxed) != at,
            _ => false,
        }
    }

    fn at(&self) -> usize {
        match self.understood.load(Ordering::Relaxed) {
            NONE => 0,
            at => at,
        }
    }

    /// The login in use.
    pub(crate) fn current(&self) -> &Login {
        &self.logins[self.at()]
    }

    /// The server's words without our secrets, in case it repeats what it was sent.
    pub(crate) fn scrub(&self, words: &str) -> String {
        let mut text = words.to_owned();
        for login in &self.logins {
            let secret = login.secret().reveal();
            for spelling in [secret.to_owned(), hex(secret.as_bytes())] {
                text = text.replace(&spelling, "[secret]");
            }
        }
        text
    }
}

/// Whether the server got past the login's form: it delivers, or speaks of the account
/// (codes from 40) or the target (70). The codes below may come before it looked.
fn is_about_more_than_the_form<T>(outcome: &Result<T, Failure>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(Failure::Service { code, .. }) => *code >= 40,
        Err(_) => false,
    }
}

/// What every call carries: the login, and how we want to be answered.
///
/// # Errors
/// `Internal` when the system has no randomness to give.
pub(crate) fn parameters(login: &Login) -> Result<Vec<(&'static str, String)>, SourceError> {
    let mut parameters = vec![("c", CLIENT.to_owned()), ("f", "json".to_owned())];
    match login {
        Login::Token(Account { username, password }) => {
            let salt = fresh_salt()?;
            parameters.extend([
                ("v", WITH_TOKENS.to_owned()),
                ("u", username.clone()),
                ("t", token(password.reveal(), &salt)),
                ("s", salt),
            ]);
        }
        // Always in hex: a password that itself begins with `enc:` would be misread.
        Login::Password(Account { username, password }) => parameters.extend([
            ("v", BEFORE_TOKENS.to_owned()),
            ("u", username.clone()),
            ("p", format!("enc:{}", hex(password.reveal().as_bytes()))),
        ]),
        // Without `u`: the two together are error 43.
        Login::ApiKey(key) => parameters.extend([
            ("v", WITH_KEYS.to_owned()),
            ("apiKey", key.reveal().to_owned()),
        ]),
    }
    Ok(parameters)
}

/// 32 hex digits, never the same; the API asks for six characters or more.
fn fresh_salt() -> Result<String, SourceError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| {
        SourceError::internal(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(hex(&salt))
}

fn token(password: &str, salt: &str) -> String {
    hex(&Md5::digest(format!("{password}{salt}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a String takes every text");
        out
    })
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::Secret;

    use super::*;

    fn account(password: &str) -> Account {
        Account {
            username: "ann".into(),
            password: Secret::new(password),
        }
    }

    fn value(parameters: &[(&str, String)], name: &str) -> Option<String> {
        let found = parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    }

    #[test]
    fn a_token_is_the_hash_of_password_and_salt() {
        // Computed with coreutils: printf pw1abc123 | md5sum
        assert_eq!(token("pw1", "abc123"), "5e983c8d7d6e88c41ab458db7b525ca7");
    }

    #[test]
    fn a_password_travels_in_hex_whatever_is_in_it() {
        for (password, sent) in [
            ("pw1", "enc:707731"),
            ("50% & more", "enc:3530252026206d6f7265"),
            ("\u{fc}", "enc:c3bc"),
            ("enc:41", "enc:656e633a3431"),
        ] {
            let parameters = parameters(&Login::Password(account(password))).unwrap();
            assert_eq!(value(&parameters, "p").unwrap(), sent, "{password}");
            assert_eq!(value(&parameters, "v").unwrap(), "1.12.0");
        }
    }

    #[test]
    fn no_salt_is_used_twice_and_the_password_is_not_sent() {
        let login = Login::Token(account("pw1"));
        let first = parameters(&login).unwrap();
        let second = parameters(&login).unwrap();
        assert_ne!(value(&first, "s"), value(&second, "s"));
        assert_eq!(value(&first, "p"), None);
        let salt = value(&first, "s").unwrap();
        assert_eq!(value(&first, "t").unwrap(), token("pw1", &salt));
    }

    #[test]
    fn a_key_travels_without_a_user() {
        let parameters = parameters(&Login::ApiKey(Secret::new("k1"))).unwrap();
        assert_eq!(value(&parameters, "apiKey").as_deref(), Some("k1"));
        assert_eq!(value(&parameters, "u"), None);
    }

    fn ladder() -> Ladder {
        Ladder::new(vec![
            Login::Token(account("pw1")),
            Login::Password(account("pw1")),
        ])
    }

    fn refusal(code: i64) -> Failure {
        Failure::Service {
            code,
            message: String::new(),
        }
    }

    #[test]
    fn only_what_is_said_of_the_form_leads_to_the_next_one() {
        for (code, used) in [
            (10, "password"),
            (41, "password"),
            (42, "password"),
            (40, "token"),
            (43, "token"),
            (44, "token"),
            (0, "token"),
            (70, "token"),
        ] {
            let ladder = ladder();
            let outcome = ladder.climb(|login| match login {
                Login::Token(_) => Err(refusal(code)),
                Login::Password(_) | Login::ApiKey(_) => Ok(()),
            });
            assert_eq!(outcome.is_ok(), used == "password", "{code}");
            assert_eq!(ladder.current().form(), used, "{code}");
        }
    }

    #[test]
    fn a_form_that_was_understood_is_kept_when_a_later_call_lacks_a_parameter() {
        let ladder = ladder();
        ladder.climb(|_| Ok(())).unwrap();
        let later = ladder.climb(|_| Err::<(), _>(refusal(10)));
        assert!(matches!(later, Err(Failure::Service { code: 10, .. })));
        assert_eq!(ladder.current().form(), "token");
    }

    #[test]
    fn a_call_goes_on_to_the_form_that_another_one_found_meanwhile() {
        let ladder = ladder();
        let by_password = |login: &Login| match login {
            Login::Token(_) => Err(refusal(10)),
            Login::Password(_) | Login::ApiKey(_) => Ok(()),
        };
        let outcome = ladder.climb(|login| {
            if matches!(login, Login::Token(_)) {
                ladder.climb(by_password).unwrap();
            }
            by_password(login)
        });
        assert!(outcome.is_ok());
        assert_eq!(ladder.current().form(), "password");
    }

    #[test]
    fn a_network_failure_proves_nothing_of_the_form() {
        let ladder = ladder();
        let down = || Failure::Host(SourceError::transient("down"));
        ladder.climb(|_| Err::<(), _>(down())).unwrap_err();
        let outcome = ladder.climb(|login| match login {
            Login::Token(_) => Err(refusal(10)),
            Login::Password(_) | Login::ApiKey(_) => Ok(()),
        });
        assert!(outcome.is_ok());
    }

    #[test]
    fn when_no_form_is_understood_all_are_named() {
        let outcome = ladder().climb(|_| Err::<(), _>(refusal(41)));
        let message = outcome.unwrap_err().to_string();
        assert!(message.contains("token, password"), "{message}");
    }

    #[test]
    fn a_secret_that_comes_back_is_taken_out() {
        let scrubbed = ladder().scrub("no p=pw1 or enc:707731");
        assert_eq!(scrubbed, "no p=[secret] or enc:[secret]");
    }
}
