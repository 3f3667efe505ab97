//! How much of the host's memory one plugin process may fill at once: bodies of its requests,
//! answers on their way to it, messages that wait.
//!
//! What does not fit is refused and not waited for. Requests that each hold a part and wait for
//! the rest would wait for each other for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use musicdl_plugin_api::SourceError;

/// For one process: four of the largest answers.
pub(super) const PER_PROCESS: usize = 256 * 1024 * 1024;

/// Bytes that may be held at once.
#[derive(Debug)]
pub(super) struct ByteBudget {
    most: usize,
    used: AtomicUsize,
}

impl ByteBudget {
    pub(super) fn of(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            used: AtomicUsize::new(0),
        })
    }

    /// A share of it, still empty.
    pub(super) fn share(self: &Arc<Self>) -> Held {
        Held {
            budget: Some(Arc::clone(self)),
            bytes: 0,
        }
    }
}

/// Bytes that are held, given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    /// `None`: they are not counted.
    budget: Option<Arc<ByteBudget>>,
    bytes: usize,
}

impl Held {
    /// For a plugin that has no process of its own: what it asks for is in its memory anyway.
    pub fn uncounted() -> Self {
        Self {
            budget: None,
            bytes: 0,
        }
    }

    /// Counts `bytes` in all, to be called before they are there.
    ///
    /// # Errors
    /// `Transient` when the budget has no room for them; nothing changes then.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), SourceError> {
        let more = bytes.saturating_sub(self.bytes);
        if let Some(budget) = &self.budget {
            let grown = |used: usize| used.checked_add(more).filter(|&all| all <= budget.most);
            budget
                .used
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, grown)
                .map_err(|_| full(budget.most))?;
        }
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.used.fetch_sub(self.bytes, Ordering::AcqRel);
        }
    }
}

fn full(most: usize) -> SourceError {
    SourceError::transient(format!(
        "requests and answers of this plugin already fill the {} MiB that the host holds for it \
         at once; ask for less at a time, or use http_open or http_save",
        most / 1024 / 1024
    ))
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;

    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_until_something_is_given_back() {
        let budget = ByteBudget::of(100);
        let (mut first, mut second) = (budget.share(), budget.share());
        first.grow_to(60).unwrap();
        second.grow_to(40).unwrap();
        // No more than it has already.
        first.grow_to(50).unwrap();
        let refused = first.grow_to(61).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Transient);
        drop(second);
        first.grow_to(100).unwrap();
        drop(first);
        budget.share().grow_to(100).unwrap();
        budget.share().grow_to(101).unwrap_err();
        budget.share().grow_to(usize::MAX).unwrap_err();
    }

    #[test]
    fn threads_that_take_and_give_back_at_once_leave_the_budget_as_it_was() {
        let budget = ByteBudget::of(10);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        let mut held = budget.share();
                        // Refused now and then, and whole again in any case.
                        let _ = held.grow_to(3).and_then(|()| held.grow_to(4));
                    }
                });
            }
        });
        budget.share().grow_to(10).unwrap();
    }
}
