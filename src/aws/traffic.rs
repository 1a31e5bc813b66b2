//! What all requests of a run share, whoever makes them: their pace, the wish to stop, and how often one was repeated.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::S3Error;
use super::client::lock;
use super::pace::{Pace, Sign};
use crate::limits::S3_CONCURRENCY;

/// How often the stop flag is looked at.
pub(crate) const STOP_TICK: Duration = Duration::from_millis(50);

/// What all requests of a run share.
#[derive(Debug)]
pub struct Traffic {
    pace: Mutex<Pace>,
    /// Told when there is room for a request.
    freed: Notify,
    retried: [AtomicU64; 4],
    stop: Arc<AtomicBool>,
    /// When it was first seen that the run is to stop.
    stopped: OnceLock<Instant>,
}

/// Requests that were made again, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// S3 asked to slow down.
    pub throttled: u64,
    /// S3 had an error.
    pub server_error: u64,
    /// No answer came, or half of one.
    pub connection: u64,
    /// The credentials had expired, and there were others.
    pub expired_credentials: u64,
}

impl Retried {
    /// Returns the counts by name.
    pub fn by_reason(&self) -> [(&'static str, u64); 4] {
        [
            ("throttled", self.throttled),
            ("server_error", self.server_error),
            ("connection", self.connection),
            ("expired_credentials", self.expired_credentials),
        ]
    }
}

/// Why a request is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Throttled,
    ServerError,
    Connection,
    ExpiredCredentials,
}

impl Default for Traffic {
    fn default() -> Self {
        Self::new(S3_CONCURRENCY, Arc::default())
    }
}

impl Traffic {
    /// Returns what no more requests share than may be in flight at once, until the flag is set.
    pub fn new(concurrency: usize, stop: Arc<AtomicBool>) -> Self {
        Self {
            pace: Mutex::new(Pace::new(concurrency)),
            freed: Notify::new(),
            retried: Default::default(),
            stop,
            stopped: OnceLock::new(),
        }
    }

    /// Returns the flag: when it is set, what was asked is soon given up.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Returns how often requests were made again.
    pub fn retried(&self) -> Retried {
        let of = |reason: Reason| self.retried[reason as usize].load(Ordering::Relaxed);
        Retried {
            throttled: of(Reason::Throttled),
            server_error: of(Reason::ServerError),
            connection: of(Reason::Connection),
            expired_credentials: of(Reason::ExpiredCredentials),
        }
    }

    pub(crate) fn count(&self, reason: Reason) {
        self.retried[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until one more request may be in flight.
    pub(super) async fn pass(self: &Arc<Self>) -> Pass {
        loop {
            let freed = self.freed.notified();
            let number = {
                let mut pace = lock(&self.pace);
                let number = pace.begin();
                // Whoever is let in lets the next one in: a wish to go on is kept only once.
                if number.is_some() && pace.has_room() {
                    self.freed.notify_one();
                }
                number
            };
            if let Some(number) = number {
                return Pass {
                    traffic: Arc::clone(self),
                    number,
                    sign: Sign::None,
                };
            }
            freed.await;
        }
    }

    /// Waits for what was asked, but no longer than for so long after the run was to stop.
    ///
    /// # Errors
    ///
    /// Returns that it was stopped. Whether what was asked is done is then open.
    pub(crate) async fn unless_stopped<T>(
        &self,
        grace: Duration,
        asked: impl Future<Output = T>,
    ) -> Result<T, S3Error> {
        let mut asked = pin!(asked);
        loop {
            if let Ok(answered) = timeout(STOP_TICK, &mut asked).await {
                return Ok(answered);
            }
            if self.is_stopped_for(grace) {
                return Err(S3Error::Stopped);
            }
        }
    }

    fn is_stopped_for(&self, grace: Duration) -> bool {
        self.stop.load(Ordering::Relaxed)
            && self.stopped.get_or_init(Instant::now).elapsed() >= grace
    }
}

/// A request in flight. Without a sign when it is dropped, it says nothing about the pace.
#[derive(Debug)]
pub(super) struct Pass {
    traffic: Arc<Traffic>,
    number: u64,
    sign: Sign,
}

impl Pass {
    pub(super) fn end(mut self, sign: Sign) {
        self.sign = sign;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut pace = lock(&self.traffic.pace);
        pace.end(self.number, self.sign);
        if pace.has_room() {
            self.traffic.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn no_more_are_let_in_than_may_be_and_nobody_is_left_outside() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .expect("a runtime");
        let traffic = Arc::new(Traffic::new(5, Arc::default()));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let (traffic, now, most) =
                    (Arc::clone(&traffic), Arc::clone(&now), Arc::clone(&most));
                runtime.spawn(async move {
                    let pass = traffic.pass().await;
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    pass.end(if n % 7 == 0 {
                        Sign::SlowDown
                    } else {
                        Sign::Success
                    });
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("it ends");
            }
        });
        assert!((1..=5).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn what_was_asked_is_waited_for_until_the_run_is_to_stop() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let stop = Arc::new(AtomicBool::new(true));
        let traffic = Traffic::new(1, stop);
        let answered = traffic.unless_stopped(Duration::ZERO, async { 7 });
        assert!(matches!(runtime.block_on(answered), Ok(7)));
        let never = traffic.unless_stopped(Duration::ZERO, std::future::pending::<()>());
        assert!(matches!(runtime.block_on(never), Err(S3Error::Stopped)));
    }
}
