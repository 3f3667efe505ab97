//! Where panics end. One that crossed the boundary would end the whole program.
//!
//! A library has its own copy of the standard library and with it its own panic hook, which
//! writes to the program's stderr. While a call of the host is inside, ours keeps quiet and
//! notes the place, and the words travel back as an error; at any other time (a thread of
//! the plugin's own, the host itself) the hook that was there before speaks.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs the hook; once in the life of a library.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                note(info.location().map(ToString::to_string));
            } else {
                previous(info);
            }
        }));
    });
}

/// A thread that is ending may have no note left; its panic then has no place.
fn note(place: Option<String>) {
    let _ = PLACE.try_with(|noted| noted.replace(place));
}

/// Runs a call whose panic is reported to its caller: `Err` has its message and its place.
pub(crate) fn told<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    note(None);
    caught(true, call).map_err(|payload| {
        let message = words(payload);
        match PLACE.try_with(RefCell::take).ok().flatten() {
            Some(place) => format!("panicked at {place}: {message}"),
            None => format!("panicked: {message}"),
        }
    })
}

/// Runs a call that has no way to tell its caller; the panic hook speaks instead.
pub(crate) fn untold<T>(call: impl FnOnce() -> T) -> Option<T> {
    caught(false, call)
        .map_err(|payload| drop(words(payload)))
        .ok()
}

/// A panic leaves behind what it leaves behind: the contract makes a source answer for its
/// own state after an error, and a lock it held is poisoned, so nothing is unsound.
fn caught<T>(quiet: bool, call: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let before = QUIET.replace(quiet);
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    QUIET.set(before);
    outcome
}

fn words(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => match other.downcast::<&str>() {
            Ok(message) => (*message).to_owned(),
            Err(other) => {
                // A value of unknown type may panic again when it is dropped.
                std::mem::forget(other);
                "no message".to_owned()
            }
        },
    }
}

/// A value whose end is guarded too.
pub(crate) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn get(&self) -> &T {
        self.0.as_ref().expect(ONLY_DROP_TAKES)
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(ONLY_DROP_TAKES)
    }

    /// Ends the value now, for an owner that wants to report a panic.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        let value = self.0.take();
        told(|| drop(value))
    }
}

const ONLY_DROP_TAKES: &str = "the value is taken only when its owner is dropped";

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        untold(|| drop(value));
    }
}
