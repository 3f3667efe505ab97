//! Waits for a future on a thread that is none of the runtime's, and looks up now and then.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often a waiting call looks whether it is to go on.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// The future's answer. Whenever it has none yet, `look` says whether to go on, and when to
/// look again at the latest.
///
/// It is polled outside of any runtime, so it must not need one: no timers, no sockets of its
/// own, as bodies of answers, which are fed by the task of their connection.
///
/// # Errors
/// Those of `look`.
pub(super) fn wait_for<F: Future, E>(
    mut future: Pin<&mut F>,
    mut look: impl FnMut() -> Result<Option<Instant>, E>,
) -> Result<F::Output, E> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return Ok(answer);
        }
        let until = look()?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        thread::park_timeout(left.map_or(LOOK, |left| left.min(LOOK)));
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn an_answer_is_heard_and_a_refusal_to_go_on_ends_the_wait() {
        let (send, answer) = oneshot::channel();
        let sender = thread::spawn(move || send.send(7));
        let heard = wait_for(pin!(answer), || Ok::<_, ()>(None));
        assert_eq!(heard, Ok(Ok(7)));
        assert_eq!(sender.join().unwrap(), Ok(()));

        let (_kept, answer) = oneshot::channel::<()>();
        let mut looks = 0;
        let ended = wait_for(pin!(answer), || {
            looks += 1;
            // At once: the time is over already.
            if looks < 3 {
                Ok(Some(Instant::now()))
            } else {
                Err("enough")
            }
        });
        assert_eq!(ended, Err("enough"));
        assert_eq!(looks, 3);
    }
}
